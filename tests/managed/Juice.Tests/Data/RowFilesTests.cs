using Juice.Data;

namespace Juice.Tests.Data;

public class RowFilesTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Write(string name, byte[] content)
    {
        string path = _folder.File(name);
        File.WriteAllBytes(path, content);
        return path;
    }

    [Test]
    public void The_content_says_what_a_file_is_and_not_its_name()
    {
        Assert.That(RowFiles.Load(Write("a.csv", Made.Npy("|u1", "(1, 2)", [1, 2]))).Entries(), Is.EqualTo(new double[] { 1, 2 }));
        Assert.That(RowFiles.Load(Write("a.npy", Made.Text("3,4\n"))).Entries(), Is.EqualTo(new double[] { 3, 4 }));
        Assert.That(RowFiles.Load(Write("a.idx", Made.Gzip(Made.Zip(("x.npy", Made.Npy("|u1", "(1, 2)", [5, 6])))))).Entries(),
            Is.EqualTo(new double[] { 5, 6 }));
    }

    [Test]
    public void A_file_that_is_not_there_is_named() =>
        Assert.That(() => RowFiles.Load(_folder.File("gone.csv")), Throws.TypeOf<FileNotFoundException>().With.Message.Contains("gone.csv"));

    [Test]
    public void A_folder_is_not_a_file() =>
        Assert.That(() => RowFiles.Load(_folder.Path), Throws.InstanceOf<IOException>().With.Message.Contains("is a folder"));

    [Test]
    public void Messages_begin_with_the_path()
    {
        string path = Write("bad.csv", Made.Text("1,x\n"));

        Assert.That(() => RowFiles.Load(path), Throws.TypeOf<InvalidDataException>().With.Message.StartsWith(path + ": line 1"));
    }

    [Test]
    public void A_stream_is_read_from_where_it_stands()
    {
        string path = Write("a.bin", [9, 9, 9, .. Made.Npy("|u1", "(1, 2)", [1, 2])]);
        using FileStream file = File.OpenRead(path);
        file.Position = 3;

        Assert.That(RowFiles.Load(file, new RowFileOptions { MapFrom = 0 }).Entries(), Is.EqualTo(new double[] { 1, 2 }));
    }

    [Test]
    public void Mapped_files_give_the_same_rows()
    {
        ushort[] values = [.. Enumerable.Range(0, 30_000).Select(i => (ushort)i)];
        string npy = Write("a.npy", Made.Npy("<u2", "(3000, 10)", Made.Bytes(values)));
        string idx = Write("a.idx", Made.Idx(0x08, [3000, 20], Made.Bytes(values)));
        RowFileOptions mapped = new() { MapFrom = 0 }, read = new() { MapFrom = long.MaxValue };

        Rows fromMap = RowFiles.Load(npy, mapped);
        Assert.That(fromMap.Storage, Is.TypeOf<PointerStorage>());
        Assert.That(fromMap.Entries().SequenceEqual(RowFiles.Load(npy, read).Entries()), Is.True);
        Assert.That(fromMap.Slice(1000, 5).Entries()[0], Is.EqualTo(10_000));
        Assert.That(RowFiles.Load(idx, mapped).Storage, Is.TypeOf<PointerStorage>());
        Assert.That(RowFiles.Load(idx, mapped).Entries().SequenceEqual(RowFiles.Load(idx, read).Entries()), Is.True);
    }

    [Test]
    public void What_does_not_lie_as_rows_hold_it_is_read_and_not_mapped()
    {
        RowFileOptions mapped = new() { MapFrom = 0 };

        Assert.That(RowFiles.Load(Write("big.npy", Made.Npy(">u2", "(1, 2)", Made.Reversed<ushort>(1, 2))), mapped).Entries(),
            Is.EqualTo(new double[] { 1, 2 }));
        Assert.That(RowFiles.Load(Write("wide.npy", Made.Npy("<i8", "(1, 2)", Made.Bytes<long>(1, 2))), mapped).Entries(),
            Is.EqualTo(new double[] { 1, 2 }));
        Assert.That(RowFiles.Load(Write("gz.npy", Made.Gzip(Made.Npy("<u2", "(1, 2)", Made.Bytes<ushort>(1, 2)))), mapped).Entries(),
            Is.EqualTo(new double[] { 1, 2 }));
        Assert.That(RowFiles.Load(Write("empty.npy", Made.Npy("<u2", "(0, 2)", [])), mapped).Count, Is.Zero);
    }

    [Test]
    public void A_mapping_outlives_the_call_and_dies_with_its_rows()
    {
        string path = Write("a.npy", Made.Npy("|u1", "(1000, 1000)", new byte[1_000_000]));
        WeakReference mapping = Load(path);
        for (int i = 0; i < 10 && mapping.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(mapping.IsAlive, Is.False);

        static WeakReference Load(string path)
        {
            Rows rows = RowFiles.Load(path, new RowFileOptions { MapFrom = 0 });
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.That(rows.Entries().Sum(), Is.Zero);
            return new WeakReference(rows.Storage);
        }
    }

    private static IEnumerable<Rows> AllTypes()
    {
        yield return Rows.Of(new byte[] { 1, 2, 3, 255 }, 2);
        yield return Rows.Of(new ushort[] { 1, 2, 3, 65535 }, 2);
        yield return Rows.Of(new[] { 1, 2, int.MinValue, int.MaxValue }, 2);
        yield return Rows.Of(new[] { 0.1f, float.NaN, 1e-40f, float.MaxValue }, 2);
        yield return Rows.Of(new[] { 0.1, double.NaN, 5e-324, double.MaxValue }, 2);
    }

    [TestCaseSource(nameof(AllTypes))]
    public void Rows_come_back_from_npy_as_they_were(Rows rows)
    {
        RowFiles.Save(_folder.File("a.npy"), rows);
        Rows back = RowFiles.Load(_folder.File("a.npy"));

        Assert.That(back.ElementType, Is.EqualTo(rows.ElementType));
        Assert.That(back.Entries(), Is.EqualTo(rows.Entries()));
    }

    [TestCaseSource(nameof(AllTypes))]
    public void Rows_come_back_from_npz_as_they_were(Rows rows)
    {
        RowFiles.Save(_folder.File("a.npz"), rows);
        Rows back = RowFiles.Load(_folder.File("a.npz"), new RowFileOptions { Array = "arr_0" });

        Assert.That(back.ElementType, Is.EqualTo(rows.ElementType));
        Assert.That(back.Entries(), Is.EqualTo(rows.Entries()));
    }

    [Test]
    public void Csv_is_written_to_a_stream_that_stays_open()
    {
        using MemoryStream stream = new();
        RowFiles.SaveCsv(stream, Rows.Of(new byte[] { 1, 2, 3, 4 }, 2));
        RowFiles.SaveCsv(stream, Rows.Of(new[] { 0.5, double.NaN }, 2));

        Assert.That(System.Text.Encoding.ASCII.GetString(stream.ToArray()), Is.EqualTo("1,2\n3,4\n0.5,\n"));
    }

    [TestCaseSource(nameof(AllTypes))]
    public void Rows_come_back_from_csv_with_every_bit(Rows rows)
    {
        RowFiles.Save(_folder.File("a.csv"), rows);
        Rows back = RowFiles.Load(_folder.File("a.csv"));

        // A float's text may need a double to be told apart from other texts; as a float it is the same.
        double[] expected = rows.Entries(), actual = back.Entries();
        if (rows.ElementType == RowElement.Single)
            Assert.That(actual.Select(value => (float)value), Is.EqualTo(expected.Select(value => (float)value)));
        else Assert.That(actual, Is.EqualTo(expected));
    }

    [Test]
    public void Missing_entries_of_integers_are_empty_in_csv_and_refused_by_npy()
    {
        Rows rows = Rows.Of(new byte[] { 1, 2, 3, 4 }, 2).WithMissing(new byte[] { 0, 1, 0, 0 }).WithSentinel(4);

        RowFiles.Save(_folder.File("a.csv"), rows);
        Assert.That(File.ReadAllText(_folder.File("a.csv")), Is.EqualTo("1,\n3,\n"));
        Assert.That(() => RowFiles.Save(_folder.File("a.npy"), rows), Throws.ArgumentException.With.Message.Contains("Row 0, column 1 is missing"));
        Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo(new[] { _folder.File("a.csv") }), "nothing half-written is left");
    }

    [Test]
    public void Masked_floats_become_NaN_in_npy()
    {
        RowFiles.Save(_folder.File("a.npy"), Rows.Of(new[] { 1f, 2f }, 2).WithMissing(new byte[] { 0, 1 }));

        Assert.That(RowFiles.Load(_folder.File("a.npy")).Entries(), Is.EqualTo(new[] { 1, double.NaN }));
    }

    [Test]
    public void The_numbers_of_a_written_npy_file_lie_where_they_can_be_mapped()
    {
        RowFiles.Save(_folder.File("a.npy"), Rows.Of(new double[1000], 10));

        Assert.That(new FileInfo(_folder.File("a.npy")).Length % 64, Is.EqualTo(8000 % 64));
        Assert.That(RowFiles.Load(_folder.File("a.npy"), new RowFileOptions { MapFrom = 0 }).Storage, Is.TypeOf<PointerStorage>());
    }

    [Test]
    public void Other_endings_are_not_written() =>
        Assert.That(() => RowFiles.Save(_folder.File("a.xls"), Rows.Of(new byte[] { 1 }, 1)),
            Throws.ArgumentException.With.Message.Contains(".csv, .npy or .npz"));

    [Test]
    public void A_folder_that_is_not_there_is_named() =>
        Assert.That(() => RowFiles.Save(_folder.File("gone/a.csv"), Rows.Of(new byte[] { 1 }, 1)),
            Throws.InstanceOf<IOException>().With.Message.Contains("gone"));

    [Test]
    public void A_file_is_replaced_only_when_the_new_one_is_whole()
    {
        string path = Write("a.csv", Made.Text("old\n"));

        Assert.That(() => RowFiles.Save(path, Rows.Of(new byte[] { 1 }, 1), new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.ReadAllText(path), Is.EqualTo("old\n"));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(1));
    }
}
