using System.CommandLine;
using System.CommandLine.Parsing;

namespace Juice.Cli.Options;

/// <summary>How to train, as the command line says it.</summary>
internal sealed class TrainOptions
{
    private const string AnemoneSteps = "cosine:0.4:0.02", SgdSteps = "cosine:50:2", AdamSteps = "cosine:0.1:0.005";

    private readonly Option<int> _epochs = OptionValues.Whole("--epochs", "Passes over the rows.", minimum: 1, defaultValue: 10);

    private readonly Option<int> _batchSize = OptionValues.Whole(
        "--batch-size", "Rows an update; with --full-batch, rows at a time.", minimum: 1, defaultValue: 256);

    private readonly Option<bool> _fullBatch = new("--full-batch") { Description = "One update an epoch, from all rows." };

    private readonly Option<StepSize> _stepSize = new("--step-size")
    {
        Description = $"The step size: {StepSizes.Forms}; above 1, too, for sgd and adam. Default: cosine:0.5:0.02, or 1 with --full-batch; "
            + $"{AnemoneSteps} for anemone, {SgdSteps} for sgd, {AdamSteps} for adam.",
        HelpName = "SIZE",
    };

    private readonly Option<string> _optimizer = new("--optimizer")
    {
        Description = "What makes parameters from flows: em, expectation maximisation; anemone, the same with a node's step scaled by how likely the node is, "
            + "and momentum; sgd or adam, gradients on log-parameters.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "em",
    };

    private readonly Option<double> _momentum = OptionValues.Real(
        "--momentum", "The momentum of anemone (0.9 unless given), sgd (0) and adam (0.9), at least 0 and below 1.", minimum: 0);

    private readonly Option<double> _power = OptionValues.Real(
        "--power", "Share flows out in proportion to (weight · value) to this power, 1 (the default) to 16.", minimum: 1);

    private readonly Option<bool> _viterbi = new("--viterbi") { Description = "Send all of a flow down the largest edge: Viterbi EM, an infinite --power." };

    private readonly Option<double> _pseudocount = OptionValues.Real(
        "--pseudocount", "Added to the flows of every node at each update, shared out over its parameters.", minimum: 0, defaultValue: 0.1);

    private readonly Option<double> _minDeviation = OptionValues.Real(
        "--min-deviation", "The least standard deviation of a Gaussian.", minimum: 1e-6, defaultValue: 0.01);

    private readonly Option<ulong> _seed = OptionValues.Whole<ulong>(
        "--seed", "Draws new parameters, the held-out rows and the order of the rows. One seed, one model.", minimum: 0, defaultValue: 0);

    private readonly Option<int> _patience = OptionValues.Whole(
        "--patience", "Stop after so many epochs without a better validation score.", minimum: 1);

    public TrainOptions() => _stepSize.CustomParser = result =>
    {
        string optimizer = result.GetResult(_optimizer) is { Tokens: [Token name, ..] } ? name.Value : "em";
        try
        {
            return StepSizes.Parse(result.Tokens[0].Value, most: optimizer is "em" or "anemone" ? 1 : double.MaxValue);
        }
        catch (FormatException e)
        {
            result.AddError($"--step-size: {e.Message}");
            return null;
        }
    };

    /// <param name="command">The command.</param>
    /// <param name="stops">Whether a training may stop before its last epoch.</param>
    public void AddTo(Command command, bool stops = true)
    {
        command.Add(_epochs);
        command.Add(_batchSize);
        command.Add(_fullBatch);
        command.Add(_stepSize);
        command.Add(_optimizer);
        command.Add(_momentum);
        command.Add(_power);
        command.Add(_viterbi);
        command.Add(_pseudocount);
        command.Add(_minDeviation);
        command.Add(_seed);
        if (stops) command.Add(_patience);
    }

    public ulong Seed(ParseResult parsed) => parsed.GetValue(_seed);

    /// <summary>The seed where the command line names one.</summary>
    public ulong? GivenSeed(ParseResult parsed) => IsGiven(parsed, _seed) ? parsed.GetValue(_seed) : null;

    /// <summary>The pseudocount where the command line names one.</summary>
    public double? GivenPseudocount(ParseResult parsed) => IsGiven(parsed, _pseudocount) ? parsed.GetValue(_pseudocount) : null;

    /// <summary>The first option given that is neither the pseudocount nor the seed; null where there is none.</summary>
    public Option? GivenButPseudocount(ParseResult parsed) =>
        new Option[] { _epochs, _batchSize, _fullBatch, _stepSize, _optimizer, _momentum, _power, _viterbi, _minDeviation, _patience }.FirstOrDefault(option => IsGiven(parsed, option));

    public int BatchSize(ParseResult parsed) => parsed.GetValue(_batchSize);

    public int? Patience(ParseResult parsed) => parsed.GetResult(_patience) is null ? null : parsed.GetValue(_patience);

    /// <summary>The step size as it was typed, or the usual one.</summary>
    public string StepSizeText(ParseResult parsed) => parsed.GetResult(_stepSize)?.Tokens[0].Value ?? UsualSteps(parsed);

    /// <summary>The name of the optimiser.</summary>
    public string OptimizerName(ParseResult parsed) => parsed.GetValue(_optimizer)!;

    private double Power(ParseResult parsed)
    {
        bool given = IsGiven(parsed, _power);
        if (given && parsed.GetValue(_viterbi)) throw new UsageException("--power and --viterbi are two ways to share flows out; give one.");
        if (given && parsed.GetValue(_power) > 16) throw new UsageException($"--power is {parsed.GetValue(_power)}; it is 1 … 16.");
        return parsed.GetValue(_viterbi) ? double.PositiveInfinity : given ? parsed.GetValue(_power) : 1;
    }

    private string UsualSteps(ParseResult parsed) => OptimizerName(parsed) switch
    {
        "anemone" => AnemoneSteps,
        "sgd" => SgdSteps,
        "adam" => AdamSteps,
        _ => parsed.GetValue(_fullBatch) ? "1" : "cosine:0.5:0.02",
    };

    private Optimizer Optimizer(ParseResult parsed)
    {
        string name = OptimizerName(parsed);
        bool given = IsGiven(parsed, _momentum);
        double momentum = parsed.GetValue(_momentum);
        if (given && name == "em") throw new UsageException("--momentum goes with anemone, sgd and adam; expectation maximisation has none.");
        if (given && momentum >= 1) throw new UsageException($"--momentum is {momentum}; it is at least 0 and below 1.");
        return name switch
        {
            "em" => Juice.Optimizer.Em,
            "anemone" => given ? Juice.Optimizer.Anemone(momentum) : Juice.Optimizer.Anemone(),
            "sgd" => given ? Juice.Optimizer.Sgd(momentum) : Juice.Optimizer.Sgd(),
            "adam" => given ? Juice.Optimizer.Adam(momentum) : Juice.Optimizer.Adam(),
            _ => throw new UsageException($"--optimizer is '{name}'; it is em, anemone, sgd or adam."),
        };
    }

    public Em Em(ParseResult parsed)
    {
        Em em = parsed.GetValue(_fullBatch) ? new FullBatchEm() : new MiniBatchEm();
        return em with
        {
            Epochs = parsed.GetValue(_epochs),
            BatchSize = parsed.GetValue(_batchSize),
            Optimizer = Optimizer(parsed),
            Power = Power(parsed),
            StepSize = parsed.GetValue(_stepSize) ?? StepSizes.Parse(UsualSteps(parsed), most: double.MaxValue),
            Pseudocount = parsed.GetValue(_pseudocount),
            MinDeviation = parsed.GetValue(_minDeviation),
            Seed = parsed.GetValue(_seed),
        };
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
