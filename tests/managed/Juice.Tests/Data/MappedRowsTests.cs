using Juice.Data;

namespace Juice.Tests.Data;

/// <summary>Rows that stay in their file: the same answers and bits as rows in memory, without the memory.</summary>
public class MappedRowsTests
{
    private static readonly RowFileOptions s_map = new() { MapFrom = 0 }, s_load = new() { MapFrom = long.MaxValue };

    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private (Rows Mapped, Rows Loaded) BothWays(Rows rows)
    {
        string path = _folder.File("rows.npy");
        RowFiles.Save(path, rows);
        return (RowFiles.Load(path, s_map), RowFiles.Load(path, s_load));
    }

    private static float[] Trained(Rows train, Rows? validation, Em em)
    {
        using CompiledCircuit model = Some.Model(latents: 8);
        model.Fit(train, em, new FitOptions { Validation = validation });
        using Circuit circuit = model.ToCircuit();
        return [.. circuit.Vectors.Where(vector => vector.ParameterCount > 0).SelectMany(vector => model.GetParameters(vector.Id))];
    }

    private static IEnumerable<Em> Methods() =>
    [
        new MiniBatchEm { Epochs = 3, BatchSize = 7, Seed = 2 }, new MiniBatchEm { Epochs = 3, BatchSize = 100, Shuffle = false },
        new MiniBatchEm { Epochs = 2, BatchSize = 5000 }, new FullBatchEm { Epochs = 2, BatchSize = 64 },
    ];

    [TestCaseSource(nameof(Methods))]
    public void Training_on_them_gives_the_bits_of_rows_in_memory(Em em)
    {
        (Rows mapped, Rows loaded) = BothWays(Some.Rows(count: 1003));
        Assert.That((mapped.IsMapped, loaded.IsMapped), Is.EqualTo((true, false)));

        Assert.That(Trained(mapped, null, em), Is.EqualTo(Trained(loaded, null, em)));
    }

    [Test]
    public void Held_out_sliced_marked_and_weighted_they_give_the_same_bits()
    {
        (Rows mapped, Rows loaded) = BothWays(Some.Rows(count: 1003));
        byte[] missing = [.. Enumerable.Range(0, 900 * 12).Select(i => (byte)(i % 11 == 0 ? 1 : 0))];
        float[] weights = [.. Enumerable.Range(0, 900).Select(i => i % 3f)];
        float[] Train(Rows rows)
        {
            Rows marked = rows.Slice(50, 900).WithMissing(missing).WithWeights(weights).WithSentinel(3);
            (Rows train, Rows validation) = marked.HoldOut(150, seed: 4);
            Assert.That((train.Count, validation.Count, train.IsSource), Is.EqualTo((750L, 150L, false)));
            return Trained(train.Slice(7, 700), validation.Take(140), new MiniBatchEm { Epochs = 3, BatchSize = 64 });
        }

        Assert.That(Train(mapped), Is.EqualTo(Train(loaded)));
    }

    [Test]
    public void Selected_and_selected_again_they_are_the_rows_of_those_numbers()
    {
        (Rows mapped, Rows loaded) = BothWays(Some.Rows(count: 300));
        long[] first = [299, 0, 17, 17, 250, 3], second = [5, 0, 3, 2];

        Rows fromMapped = mapped.Select(first).Select(second).Slice(1, 3), fromLoaded = loaded.Select(first).Select(second).Slice(1, 3);

        Assert.That(fromMapped.IsMapped, Is.True);
        Assert.That(fromMapped.Entries(), Is.EqualTo(fromLoaded.Entries()));
        Assert.That(mapped.Select([]).Count, Is.Zero);
        Assert.That(mapped.Select([]).Entries(), Is.Empty);
    }

    [Test]
    public void Queries_and_trees_answer_alike()
    {
        (Rows mapped, Rows loaded) = BothWays(Some.Rows(count: 700));
        using CompiledCircuit model = Some.Model();
        (Rows train, Rows held) = mapped.HoldOut(100, seed: 1);
        (Rows trainLoaded, Rows heldLoaded) = loaded.HoldOut(100, seed: 1);

        Assert.That(model.LogLikelihood(mapped), Is.EqualTo(model.LogLikelihood(loaded)));
        Assert.That(model.LogLikelihood(held), Is.EqualTo(model.LogLikelihood(heldLoaded)));
        Assert.That(Trees.ChowLiu(train), Is.EqualTo(Trees.ChowLiu(trainLoaded)));
        Assert.That(RowSummary.Of(train).All, Is.EqualTo(RowSummary.Of(trainLoaded).All));
    }

    [Test]
    public void A_value_outside_its_domain_is_named_by_the_row_that_was_asked_for()
    {
        byte[] values = new byte[200 * 12];
        values[150 * 12 + 5] = 9;
        (Rows mapped, _) = BothWays(Rows.Of(values, 12));
        using CompiledCircuit model = Some.Model();

        Assert.That(() => model.LogLikelihood(mapped.Select([3, 150])), Throws.ArgumentException.With.Message.Contains("row 1, column 5: 9"));
    }

    // The process's own memory (not that of mapped files) must not grow by the file, nor the mapped part by more than a bound.
    [Test]
    public void Training_on_a_file_takes_a_bounded_part_of_it_into_memory()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("/proc/self/status tells it on Linux");
        const int rows = 100_000, variables = 1500;     // 150 MB
        const long bound = 64 << 20;
        string path = _folder.File("rows.npy");
        WriteRows(path, rows, variables);
        int[] star = [-1, .. Enumerable.Repeat(0, variables - 1)];     // little to compute: the file is what counts
        using Circuit circuit = Structures.Hclt(star, [.. Enumerable.Repeat(new Categorical(2), variables)], latents: 2, seed: 1);
        using CompiledCircuit model = circuit.Compile(options: new() { BatchSize = 1000, Threads = 1 });
        Rows mapped = RowFiles.Load(path, s_map);
        model.Fit(mapped.Take(2000), new MiniBatchEm { Epochs = 1, BatchSize = 1000 });        // what training itself needs is there now
        (long own, long file) = Held();
        (long mostOwn, long mostFile) = (0, 0);
        FitOptions options = new()
        {
            Progress = new Heard<FitProgress>(_ =>
            {
                (long ownNow, long fileNow) = Held();
                (mostOwn, mostFile) = (Math.Max(mostOwn, ownNow - own), Math.Max(mostFile, fileNow - file));
            }),
        };

        model.Fit(mapped, new MiniBatchEm { Epochs = 1, BatchSize = 1000 }, options);

        Assert.That(mostOwn, Is.LessThan(bound));
        Assert.That(mostFile, Is.LessThan(bound));
    }

    private static void WriteRows(string path, int rows, int variables)
    {
        using FileStream file = new(path, FileMode.Create);
        file.Write(Made.Npy("|u1", $"({rows}, {variables})", []));
        byte[] row = new byte[variables];
        for (int i = 0; i < rows; i++)
        {
            row[i % variables] ^= 1;
            file.Write(row);
        }
    }

    private static (long Own, long File) Held()
    {
        string[] lines = File.ReadAllLines("/proc/self/status");
        long Bytes(string name) => 1024 * long.Parse(
            lines.Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            System.Globalization.CultureInfo.InvariantCulture);
        return (Bytes("RssAnon:"), Bytes("RssFile:"));
    }
}
