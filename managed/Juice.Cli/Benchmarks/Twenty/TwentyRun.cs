using System.Diagnostics;
using Juice.Data;

namespace Juice.Cli.Benchmarks.Twenty;

/// <summary>What one training on one of the twenty sets came to.</summary>
/// <param name="Set">The set.</param>
/// <param name="Seed">Of the parameters and the order of the rows.</param>
/// <param name="Setting">How it was trained.</param>
/// <param name="Validation">Mean log-likelihood of the validation rows, in nats.</param>
/// <param name="Test">Of the test rows.</param>
/// <param name="BestEpoch">The epoch whose parameters were kept.</param>
/// <param name="Epochs">Epochs done.</param>
/// <param name="Seconds">The time of it all.</param>
internal sealed record TwentyRun(
    string Set, ulong Seed, TwentySetting Setting, double Validation, double Test, int BestEpoch, int Epochs, double Seconds)
{
    /// <summary>Trains on a set and scores it.</summary>
    /// <param name="folder">The folder of all sets.</param>
    /// <param name="set">The set.</param>
    /// <param name="seed">Of the parameters and the order of the rows.</param>
    /// <param name="setting">How to train.</param>
    /// <param name="compile">Compiles for the device that was asked for.</param>
    /// <param name="threads">Processor threads to learn the tree with; 0 is all cores.</param>
    /// <param name="cancellation">Stops it.</param>
    public static TwentyRun Of(
        string folder, string set, ulong seed, TwentySetting setting, Func<Circuit, CompiledCircuit> compile, int threads, CancellationToken cancellation)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Rows train = Load(folder, set, "ts", cancellation), validation = Load(folder, set, "valid", cancellation);
        using Circuit circuit = setting.Build(train, seed, threads, cancellation);
        using CompiledCircuit model = compile(circuit);
        FitResult result = model.Fit(
            train, setting.Em(train.Count, seed), new FitOptions { Validation = validation, Patience = setting.Patience }, cancellation);
        return new(
            set, seed, setting, model.MeanLogLikelihood(validation, cancellation), model.MeanLogLikelihood(Load(folder, set, "test", cancellation), cancellation),
            result.BestEpoch ?? result.Epochs.Count, result.Epochs.Count, Math.Round(clock.Elapsed.TotalSeconds, 1));
    }

    private static Rows Load(string folder, string set, string part, CancellationToken cancellation) =>
        RowFiles.Load(TwentySets.Find(folder, set, part)!, cancellationToken: cancellation).WithCategories(2);
}
