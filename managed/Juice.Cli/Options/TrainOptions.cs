using System.CommandLine;

namespace Juice.Cli.Options;

/// <summary>How to train, as the command line says it.</summary>
internal sealed class TrainOptions
{
    private readonly Option<int> _epochs = OptionValues.Whole("--epochs", "Passes over the rows.", minimum: 1, defaultValue: 10);

    private readonly Option<int> _batchSize = OptionValues.Whole(
        "--batch-size", "Rows an update; with --full-batch, rows at a time.", minimum: 1, defaultValue: 256);

    private readonly Option<bool> _fullBatch = new("--full-batch") { Description = "One update an epoch, from all rows." };

    private readonly Option<StepSize> _stepSize = new("--step-size")
    {
        Description = $"The step size: {StepSizes.Forms}. Default: cosine:0.5:0.02, or 1 with --full-batch.",
        HelpName = "SIZE",
        CustomParser = result =>
        {
            try
            {
                return StepSizes.Parse(result.Tokens[0].Value);
            }
            catch (FormatException e)
            {
                result.AddError($"--step-size: {e.Message}");
                return null;
            }
        },
    };

    private readonly Option<double> _pseudocount = OptionValues.Real(
        "--pseudocount", "Added to the flows of every node at each update, shared out over its parameters.", minimum: 0, defaultValue: 0.1);

    private readonly Option<double> _minDeviation = OptionValues.Real(
        "--min-deviation", "The least standard deviation of a Gaussian.", minimum: 1e-6, defaultValue: 0.01);

    private readonly Option<ulong> _seed = OptionValues.Whole<ulong>(
        "--seed", "Draws new parameters, the held-out rows and the order of the rows. One seed, one model.", minimum: 0, defaultValue: 0);

    private readonly Option<int> _patience = OptionValues.Whole(
        "--patience", "Stop after so many epochs without a better validation score.", minimum: 1);

    /// <param name="command">The command.</param>
    /// <param name="stops">Whether a training may stop before its last epoch.</param>
    public void AddTo(Command command, bool stops = true)
    {
        command.Add(_epochs);
        command.Add(_batchSize);
        command.Add(_fullBatch);
        command.Add(_stepSize);
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
        new Option[] { _epochs, _batchSize, _fullBatch, _stepSize, _minDeviation, _patience }.FirstOrDefault(option => IsGiven(parsed, option));

    public int BatchSize(ParseResult parsed) => parsed.GetValue(_batchSize);

    public int? Patience(ParseResult parsed) => parsed.GetResult(_patience) is null ? null : parsed.GetValue(_patience);

    /// <summary>The step size as it was typed; null where it was not.</summary>
    public string? StepSizeText(ParseResult parsed) => parsed.GetResult(_stepSize)?.Tokens[0].Value;

    public Em Em(ParseResult parsed)
    {
        Em em = parsed.GetValue(_fullBatch) ? new FullBatchEm() : new MiniBatchEm();
        return em with
        {
            Epochs = parsed.GetValue(_epochs),
            BatchSize = parsed.GetValue(_batchSize),
            StepSize = parsed.GetValue(_stepSize) ?? em.StepSize,
            Pseudocount = parsed.GetValue(_pseudocount),
            MinDeviation = parsed.GetValue(_minDeviation),
            Seed = parsed.GetValue(_seed),
        };
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
