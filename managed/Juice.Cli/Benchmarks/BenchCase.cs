using System.Diagnostics;

namespace Juice.Cli.Benchmarks;

/// <summary>What one case took, beside what the machine needs at least.</summary>
/// <param name="What">"training step" or "query".</param>
/// <param name="Latents">Hidden states a variable.</param>
/// <param name="Rows">Rows a step or a query.</param>
/// <param name="Threads">Processor threads.</param>
/// <param name="Median">Seconds.</param>
/// <param name="Slow">Seconds that 99 of 100 queries stay within; NaN of training, whose steps are timed an epoch at a time.</param>
/// <param name="Flop">Floating-point operations of the matrix products.</param>
/// <param name="Bytes">The least traffic.</param>
/// <param name="Machine">The machine's rates with as many threads.</param>
internal sealed record BenchCase(
    string What, int Latents, int Rows, int Threads, double Median, double Slow, double Flop, double Bytes, MachineRates Machine)
{
    public double RowsPerSecond => Rows / Median;

    public double Rate => Flop / Median;

    public double ShareOfMatrixRate => Rate / Machine.MatrixRate;

    /// <summary>
    /// Seconds of the arithmetic at the matrix rate or of the traffic at the copy rate, whichever is more. Traffic that the caches take is faster.
    /// </summary>
    public double Limit => Math.Max(Flop / Machine.MatrixRate, Bytes / Machine.CopyRate);

    /// <summary>Times the training step: whole epochs of up to 16 steps, reading and checking of rows included.</summary>
    public static BenchCase Train(Circuit circuit, Rows rows, int latents, int batch, MachineRates machine, double seconds, CancellationToken cancellation)
    {
        using CompiledCircuit model = circuit.Compile(Device.Cpu, new CompileOptions { Threads = machine.Threads, BatchSize = batch });
        long steps = Math.Clamp(rows.Count / batch, 1, 16);
        Rows part = rows.Take(Math.Min(rows.Count, steps * batch));
        MiniBatchEm em = new() { Epochs = 1, BatchSize = batch, Shuffle = false, StepSize = StepSize.Constant(0.1) };
        List<double> times = Repeat(seconds, least: 2, () => model.Fit(part, em, cancellationToken: cancellation));
        int rowsAStep = (int)(part.Count / steps);
        ModelInfo info = model.Info;
        return new("training step", latents, rowsAStep, machine.Threads, At(times, 0.5) / steps, double.NaN, info.FlopPerRow * rowsAStep, info.StepBytes, machine);
    }

    /// <summary>Times a query of so many rows, other ones each time.</summary>
    public static BenchCase Query(Circuit circuit, Rows rows, int latents, int count, MachineRates machine, double seconds, CancellationToken cancellation)
    {
        using CompiledCircuit model = circuit.Compile(Device.Cpu, new CompileOptions { Threads = machine.Threads });
        count = (int)Math.Min(count, rows.Count);
        long next = 0;
        Rows[] parts = [.. Enumerable.Range(0, 64).Select(i => rows.Slice(i * 31L % (rows.Count - count + 1), count))];
        List<double> times = Repeat(seconds, least: 20, () => model.LogLikelihood(parts[next++ % parts.Length], cancellation));
        ModelInfo info = model.Info;
        // A third of a training step's arithmetic, and every weight read once.
        const int ProductsOfTraining = 3, FlopOfWeight = 6;
        return new(
            "query", latents, count, machine.Threads, At(times, 0.5), At(times, 0.99), info.FlopPerRow / ProductsOfTraining * count,
            info.FlopPerRow / FlopOfWeight * sizeof(float), machine);
    }

    private static List<double> Repeat(double seconds, int least, Action work)
    {
        work();     // warms up
        List<double> times = [];
        long begin = Stopwatch.GetTimestamp();
        while (times.Count < least || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds)
        {
            long start = Stopwatch.GetTimestamp();
            work();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        times.Sort();
        return times;
    }

    private static double At(List<double> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))];
}
