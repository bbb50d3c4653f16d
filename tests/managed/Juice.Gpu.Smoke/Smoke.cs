using System.Diagnostics;

namespace Juice.Gpu.Smoke;

/// <summary>What is asked of the device, with the processor's answers beside it.</summary>
internal sealed class Smoke(Device device, Checks checks)
{
    private readonly Rows _rows = MadeRows(count: 3000, variables: 20, categories: 8);

    /// <summary>Log-likelihoods, complete and with entries missing, and the largest value.</summary>
    public void Values()
    {
        using Circuit circuit = Structures.Hclt(_rows, latents: 24, seed: 1);
        using CompiledCircuit cpu = circuit.Compile(), gpu = circuit.Compile(device);
        Console.WriteLine($"{gpu.Info.Device}, {gpu.Info.InstructionSet}: {circuit.Edges} edges");
        Rows gaps = WithGaps(_rows);
        checks.That(Close(gpu.LogLikelihood(_rows), cpu.LogLikelihood(_rows)), "log-likelihoods of 3000 rows are the processor's");
        checks.That(Close(gpu.LogLikelihood(gaps), cpu.LogLikelihood(gaps)), "so are those with a third of the entries missing");
        checks.That(Close(gpu.MaxLogValue(gaps), cpu.MaxLogValue(gaps)), "so are the largest values over completions");
        checks.That(gpu.LogLikelihood(_rows).AsSpan().SequenceEqual(gpu.LogLikelihood(_rows)), "they are the same bits again");
    }

    /// <summary>Mini-batch and full-batch EM, saving and loading.</summary>
    public void Training()
    {
        using Circuit circuit = Structures.Hclt(_rows, latents: 24, seed: 1);
        using CompiledCircuit cpu = circuit.Compile(), gpu = circuit.Compile(device), again = circuit.Compile(device);
        MiniBatchEm em = new() { Epochs = 4, BatchSize = 100, Pseudocount = 0.1 };
        double before = gpu.BitsPerDimension(_rows);
        cpu.Fit(_rows, em);
        gpu.Fit(_rows, em);
        again.Fit(_rows, em);
        double mine = gpu.BitsPerDimension(_rows), theirs = cpu.BitsPerDimension(_rows);
        checks.That(mine < before - 0.2, $"four epochs learn: {before:F4} to {mine:F4} bits per dimension");
        checks.That(Math.Abs(mine - theirs) < 1e-3, $"and end where the processor's do: {theirs:F4}");
        checks.That(gpu.LogLikelihood(_rows).AsSpan().SequenceEqual(again.LogLikelihood(_rows)), "the same training gives the same bits");
        gpu.Fit(_rows, new FullBatchEm { Epochs = 3, Pseudocount = 0 });
        checks.That(gpu.BitsPerDimension(_rows) <= mine + 1e-5, "full batches never lower the likelihood");
        using MemoryStream file = new();
        gpu.Save(file);
        file.Position = 0;
        using Circuit saved = Circuit.Load(file);
        using CompiledCircuit loaded = saved.Compile(device);
        checks.That(gpu.LogLikelihood(_rows).AsSpan().SequenceEqual(loaded.LogLikelihood(_rows)), "a saved model is loaded to the same bits");
    }

    /// <summary>Unconditional samples and completions.</summary>
    public void Samples()
    {
        using Circuit circuit = Structures.Hclt(_rows, latents: 24, seed: 1);
        using CompiledCircuit cpu = circuit.Compile();
        cpu.Fit(_rows, new MiniBatchEm { Epochs = 4, BatchSize = 100, Pseudocount = 0.1 });
        using Circuit learnt = cpu.ToCircuit();
        using CompiledCircuit gpu = learnt.Compile(device);
        SampleOptions options = new() { Seed = 3 };
        double expected = cpu.MeanLogLikelihood(cpu.Sample(20_000, options)), found = cpu.MeanLogLikelihood(gpu.Sample(20_000, options));
        checks.That(Math.Abs(found - expected) < 0.01 * Math.Abs(expected), $"20,000 samples are as likely as the processor's: {found:F3}, {expected:F3}");
        Rows gaps = WithGaps(_rows.Take(50)), whole = gpu.Sample(gaps, new SampleOptions { Seed = 3 });
        double[] had = new double[gaps.Variables], has = new double[gaps.Variables];
        bool kept = true;
        for (int i = 0; i < 50; i++)
        {
            gaps.CopyTo(i, had);
            whole.CopyTo(i, has);
            for (int v = 0; v < had.Length; v++) kept &= double.IsNaN(had[v]) ? has[v] is >= 0 and < 8 : has[v] == had[v];
        }
        checks.That(kept, "completions keep what was there and fill in the rest");
        checks.That(gpu.LogLikelihood(whole).All(double.IsFinite), "and are possible");
    }

    /// <summary>Rows that the device keeps from epoch to epoch train to the bits of rows that are copied for each.</summary>
    public void Rows()
    {
        using Circuit circuit = Structures.Hclt(_rows, latents: 24, seed: 1);
        using CompiledCircuit kept = circuit.Compile(device), copied = circuit.Compile(device);
        MiniBatchEm em = new() { Epochs = 5, BatchSize = 100, StepSize = 0.1, Shuffle = false };
        kept.Fit(_rows, em);
        for (int i = 0; i < 5; i++) copied.Fit(_rows, em with { Epochs = 1 });      // one epoch alone has no use for keeping them
        checks.That(kept.LogLikelihood(_rows).AsSpan().SequenceEqual(copied.LogLikelihood(_rows)), "rows that are kept train to the bits of rows that are copied");
    }

    /// <summary>What is wrong is a sentence, and the device goes on.</summary>
    public void Mistakes()
    {
        using Circuit circuit = Structures.Hclt(_rows, latents: 4, seed: 1);
        using CompiledCircuit gpu = circuit.Compile(device);
        byte[] bad = new byte[20];
        bad[7] = 8;
        string sentence = "";
        try
        {
            gpu.LogLikelihood<byte>(bad);
        }
        catch (ArgumentException e)
        {
            sentence = e.Message;
        }
        checks.That(sentence.Contains("column 7", StringComparison.Ordinal), $"a value outside its domain is named: {sentence}");
        checks.That(double.IsFinite(gpu.LogLikelihood<byte>(new byte[20])), "and the next row is answered");
    }

    /// <summary>Ten epochs on images, on the processor and on the device.</summary>
    public void Images(Rows train, Rows test)
    {
        using Circuit circuit = Structures.Hclt(train, latents: 64, seed: 1);
        MiniBatchEm em = new() { Epochs = 10, BatchSize = 256, Pseudocount = 0.1, StepSize = 0.1 };
        double Learnt(Device where)
        {
            using CompiledCircuit model = circuit.Compile(where);
            Stopwatch clock = Stopwatch.StartNew();
            FitResult result = model.Fit(train, em);
            double bits = model.BitsPerDimension(test);
            Console.WriteLine($"{where.Name}: {bits:F4} bits per dimension after {clock.Elapsed.TotalSeconds:F2} s; epochs of "
                + string.Join(", ", result.Epochs.Select(epoch => $"{epoch.Elapsed.TotalSeconds:F3}")) + " s");
            return bits;
        }

        double gpu = Learnt(device), cpu = Learnt(Device.Cpu);
        checks.That(Math.Abs(gpu - cpu) < 0.005, $"ten epochs of images end within 0.005 bits of the processor's: {gpu:F4}, {cpu:F4}");
    }

    private static bool Close(double[] found, double[] expected) =>
        found.Zip(expected).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-5 * Math.Max(1, Math.Abs(pair.Second)));

    // Most like their left neighbour.
    private static Rows MadeRows(int count, int variables, int categories)
    {
        Random random = new(1);
        byte[] values = new byte[count * variables];
        for (int i = 0; i < values.Length; i++)
            values[i] = i % variables > 0 && random.Next(4) > 0 ? values[i - 1] : (byte)random.Next(categories);
        return Juice.Rows.Of(values, variables).WithCategories(categories);
    }

    private static Rows WithGaps(Rows rows)
    {
        Random random = new(2);
        int[] values = new int[rows.Count * rows.Variables];
        double[] row = new double[rows.Variables];
        for (int i = 0; i < rows.Count; i++)
        {
            rows.CopyTo(i, row);
            for (int v = 0; v < row.Length; v++) values[i * row.Length + v] = random.Next(3) == 0 ? -1 : (int)row[v];
        }
        return Juice.Rows.Of(values, rows.Variables).WithSentinel(-1);
    }
}
