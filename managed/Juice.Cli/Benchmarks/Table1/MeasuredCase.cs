using System.Diagnostics;
using Juice.Cli.Output;

namespace Juice.Cli.Benchmarks.Table1;

/// <summary>What a published case takes here; or why it was left out.</summary>
/// <param name="Case">The case.</param>
/// <param name="Edges">Edges that there are; 0 where it was not built.</param>
/// <param name="Step">Seconds a training step, the median.</param>
/// <param name="Batch">Rows a step.</param>
/// <param name="Limit">Seconds that the machine's rates allow a step; NaN of a device whose rates are not measured.</param>
/// <param name="Peak">The most memory of the process while it was built and trained.</param>
/// <param name="LeftOut">Why it was not measured; null where it was.</param>
internal sealed record MeasuredCase(PublishedCase Case, long Edges, double Step, int Batch, double Limit, long Peak, string? LeftOut)
{
    private const int MostSteps = 16, StepsToCompare = 4, TimesToCompare = 3;

    public double Epoch => Step * PublishedCase.Rows / Batch;

    public static MeasuredCase None(PublishedCase published, string why) => new(published, 0, double.NaN, 0, double.NaN, 0, why);

    /// <summary>Builds, compiles and times it: a step and an epoch to warm up, then epochs of up to 16 steps for as long as the time allows, at least one.</summary>
    /// <param name="published">The case.</param>
    /// <param name="rows">Rows of its kind, at least one batch.</param>
    /// <param name="parents">Of HCLTs: the tree.</param>
    /// <param name="vocabulary">Of HMMs: different tokens.</param>
    /// <param name="batch">Rows a step; null: as <see cref="AutoBatch"/> finds.</param>
    /// <param name="budget">What it may take.</param>
    /// <param name="machine">The processor's rates; null for another device.</param>
    /// <param name="compile">Compiles for the device that was asked for, and steps of so many rows.</param>
    /// <param name="tried">Hears of what was tried to find the batch.</param>
    /// <param name="cancellation">Stops it.</param>
    public static MeasuredCase Of(
        PublishedCase published, Rows rows, IReadOnlyList<int> parents, int vocabulary, int? batch, CaseBudget budget, MachineRates? machine,
        Func<Circuit, int, CompiledCircuit> compile, Action<string> tried, CancellationToken cancellation)
    {
        double rough = published.RoughBytes(vocabulary);
        if (rough > budget.Bytes) return None(published, $"needs about {Units.Bytes((long)rough)}");
        PeakMemory.Reset();
        CompiledCircuit? model = null;
        long edges;
        try
        {
            int size;
            using (Circuit circuit = published.Build(parents, vocabulary))
            {
                edges = circuit.Edges;
                size = batch ?? Best(circuit);
                if (size == 0) return None(published, $"steps of {AutoBatch.Least} rows do not fit") with { Edges = edges };
                model = compile(circuit, size);
            }
            ModelInfo info = model.Info;
            double limit = machine is null ? double.NaN : Math.Max(info.FlopPerRow * size / machine.MatrixRate, info.StepBytes / machine.CopyRate);
            if (limit > budget.SecondsAStep) return None(published, $"a step takes {Units.Time(TimeSpan.FromSeconds(limit))} at least") with { Edges = edges };
            double Time(int steps) => Seconds(model, rows, size, steps, cancellation);
            int steps = (int)Math.Clamp(budget.Seconds / Time(1), 1, Math.Min(MostSteps, rows.Count / size));
            double[] times = [.. Enumerable.Range(0, Math.Max((int)(budget.Seconds / (Time(steps) * steps)), 1)).Select(_ => Time(steps)).Order()];
            return new(published, edges, times[times.Length / 2], size, limit, PeakMemory.Read(), null);
        }
        finally
        {
            model?.Dispose();
            GC.Collect();       // what the last case left should not count as the next one's
        }

        int Best(Circuit circuit)
        {
            (int best, IReadOnlyList<(int Batch, double RowsPerSecond)> all) = AutoBatch.Find((int)Math.Min(rows.Count, AutoBatch.Most), size =>
            {
                try
                {
                    using CompiledCircuit model = compile(circuit, size);
                    ModelInfo info = model.Info;
                    if (info.MicroBatch < size || info.ParameterBytes + info.FlowBytes + info.ActivationBytes > budget.Bytes) return null;
                    int steps = (int)Math.Min(StepsToCompare, rows.Count / size);
                    Seconds(model, rows, size, 1, cancellation);
                    return size / Enumerable.Range(0, TimesToCompare).Min(_ => Seconds(model, rows, size, steps, cancellation));
                }
                catch (JuiceException) when (size > AutoBatch.Least)
                {
                    return null;        // a smaller one went well, and this one has no more than its rows against it
                }
            });
            tried($"{string.Join(", ", all.Select(one => $"{Units.Count(one.Batch)} rows a step: {Units.Count((long)one.RowsPerSecond)} rows/s"))}; {Units.Count(best)} it is");
            return best;
        }
    }

    // Of a step, of so many that make an epoch: what an epoch ends with is shared out over them, as it is in a training.
    private static double Seconds(CompiledCircuit model, Rows rows, int batch, int steps, CancellationToken cancellation)
    {
        MiniBatchEm em = new() { Epochs = 1, BatchSize = batch, Shuffle = false, StepSize = 0.1 };
        long start = Stopwatch.GetTimestamp();
        model.Fit(rows.Take((long)steps * batch), em, cancellationToken: cancellation);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / steps;
    }
}

/// <summary>What a case may take.</summary>
/// <param name="Bytes">Memory, roughly; more is left out.</param>
/// <param name="SecondsAStep">A step whose limit is more is left out.</param>
/// <param name="Seconds">Time for the steps that are measured.</param>
internal readonly record struct CaseBudget(double Bytes, double SecondsAStep, double Seconds);
