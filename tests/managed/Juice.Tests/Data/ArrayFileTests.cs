using Juice.Data;

namespace Juice.Tests.Data;

public class ArrayFileTests
{
    private static Rows Read(byte[] bytes, RowFileOptions? options = null)
    {
        using MemoryStream stream = new(bytes);
        return RowFiles.Load(stream, options);
    }

    private static IEnumerable<TestCaseData> NpyTypes()
    {
        yield return new TestCaseData("|u1", Made.Bytes<byte>(0, 1, 254, 255), RowElement.Byte, new double[] { 0, 1, 254, 255 });
        yield return new TestCaseData("|b1", Made.Bytes(false, true, true, false), RowElement.Byte, new double[] { 0, 1, 1, 0 });
        yield return new TestCaseData("|i1", Made.Bytes<sbyte>(-128, -1, 0, 127), RowElement.Int32, new double[] { -128, -1, 0, 127 });
        yield return new TestCaseData("<u2", Made.Bytes<ushort>(0, 1, 2, 65535), RowElement.UShort, new double[] { 0, 1, 2, 65535 });
        yield return new TestCaseData(">u2", Made.Reversed<ushort>(0, 1, 2, 65534), RowElement.UShort, new double[] { 0, 1, 2, 65534 });
        yield return new TestCaseData("<i2", Made.Bytes<short>(-32768, 0, 1, 32767), RowElement.Int32, new double[] { -32768, 0, 1, 32767 });
        yield return new TestCaseData(
            "<i4", Made.Bytes(int.MinValue, 0, 1, int.MaxValue), RowElement.Int32, new double[] { int.MinValue, 0, 1, int.MaxValue });
        yield return new TestCaseData("<u4", Made.Bytes<uint>(0, 1, 2, int.MaxValue), RowElement.Int32, new double[] { 0, 1, 2, int.MaxValue });
        yield return new TestCaseData(
            "<i8", Made.Bytes<long>(int.MinValue, 0, 1, int.MaxValue), RowElement.Int32, new double[] { int.MinValue, 0, 1, int.MaxValue });
        yield return new TestCaseData(">i8", Made.Reversed<long>(int.MinValue, 0, 1, 3), RowElement.Int32, new double[] { int.MinValue, 0, 1, 3 });
        yield return new TestCaseData("<u8", Made.Bytes<ulong>(0, 1, 2, int.MaxValue), RowElement.Int32, new double[] { 0, 1, 2, int.MaxValue });
        yield return new TestCaseData("<f4", Made.Bytes(0.5f, -1e30f, float.NaN, 3), RowElement.Single, new double[] { 0.5, -1e30f, double.NaN, 3 });
        yield return new TestCaseData(">f4", Made.Reversed(0.5f, -1e30f, 0, 3), RowElement.Single, new double[] { 0.5, -1e30f, 0, 3 });
        yield return new TestCaseData("<f8", Made.Bytes(0.1, -1e300, double.NaN, 3), RowElement.Double, new double[] { 0.1, -1e300, double.NaN, 3 });
    }

    [TestCaseSource(nameof(NpyTypes))]
    public void Npy_numbers_of_every_type_become_rows(string type, byte[] data, RowElement element, double[] expected)
    {
        foreach (byte version in new byte[] { 1, 2 })
        {
            Rows rows = Read(Made.Npy(type, "(2, 2)", data, version));

            Assert.That(rows.ElementType, Is.EqualTo(element));
            Assert.That((rows.Count, rows.Variables), Is.EqualTo((2L, 2)));
            Assert.That(rows.Entries(), Is.EqualTo(expected));
        }
    }

    [TestCase("(6,)", 6, 1)]
    [TestCase("(2, 3)", 2, 3)]
    [TestCase("(1, 2, 3)", 1, 6)]
    [TestCase("(3, 1, 2)", 3, 2)]
    public void Rows_are_the_first_axis_and_variables_all_others(string shape, long rows, int variables)
    {
        Rows read = Read(Made.Npy("|u1", shape, [1, 2, 3, 4, 5, 6]));

        Assert.That((read.Count, read.Variables), Is.EqualTo((rows, variables)));
        Assert.That(read.Entries(), Is.EqualTo(new double[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void An_array_without_rows_is_read() => Assert.That(Read(Made.Npy("<f4", "(0, 5)", [])).Count, Is.Zero);

    private static IEnumerable<TestCaseData> BadNpy()
    {
        yield return new TestCaseData(Made.Npy("<f4", "(2, 2)", new byte[15]), "cut off", "16 bytes");
        yield return new TestCaseData(Made.Npy("<f4", "(2, 2)", new byte[17]), "1 bytes follow", "2 rows");
        yield return new TestCaseData(Made.Npy("<f4", "(4611686018427387904, 2)", new byte[16]), "too large", "shape");
        yield return new TestCaseData(Made.Npy("<f4", "(1000000000000, 2)", new byte[16]), "cut off", "8000000000000 bytes");
        yield return new TestCaseData(Made.Npy("<f4", "(2, 4294967296, 4294967296)", new byte[16]), "more than 2147483647 variables", "shape");
        yield return new TestCaseData(Made.Npy("<f4", "(99999999999999999999, 2)", new byte[16]), "'99999999999999999999'", "length of an axis");
        yield return new TestCaseData(Made.Npy("<f4", "(-1, 2)", new byte[16]), "'-1'", "length of an axis");
        yield return new TestCaseData(Made.Npy("<f4", "(2, 0)", []), "no variable", "(2, 0)");
        yield return new TestCaseData(Made.Npy("<f4", "()", new byte[4]), "single number", "at least one axis");
        yield return new TestCaseData(Made.Npy("<f4", "(2, 2)", new byte[16], order: "True"), "Fortran order", "ascontiguousarray");
        yield return new TestCaseData(Made.Npy("<c8", "(2, 2)", new byte[32]), "'<c8'", "not read");
        yield return new TestCaseData(Made.Npy("|O", "(2, 2)", new byte[32]), "'|O'", "not read");
        yield return new TestCaseData(Made.Npy("<f4", "(2, 2)", new byte[16], version: 3), "version 3.0", "not known");
        yield return new TestCaseData(
            Made.Npy("<i8", "(2, 2)", Made.Bytes<long>(0, 0, 0, 1L << 31)), "row 1, column 1: 2147483648", "32-bit integer");
        yield return new TestCaseData(
            Made.Npy("<i8", "(2, 2)", Made.Bytes<long>(0, long.MinValue, 0, 0)), "row 0, column 1: -9223372036854775808", "32-bit integer");
        yield return new TestCaseData(
            Made.Npy("<u8", "(2, 2)", Made.Bytes<ulong>(0, 0, ulong.MaxValue, 0)), "row 1, column 0: 18446744073709551615", "32-bit integer");
        yield return new TestCaseData(Made.Npy("<u4", "(1, 1)", Made.Bytes(uint.MaxValue)), "row 0, column 0: 4294967295", "32-bit integer");
        yield return new TestCaseData(Made.Npy("<f4", "(2, 2)", [])[..9], "header", "cut off");
        yield return new TestCaseData(Made.Npy("<f4", "(2, 2)", [])[..40], "header", "cut off");
        yield return new TestCaseData(new byte[] { 0x93, 78, 85, 77, 80, 89, 2, 0, 255, 255, 255, 127 }, "claims 2147483647 bytes", "header");
        yield return new TestCaseData(new byte[] { 0x93, 78, 85, 77, 80, 89, 1, 0, 4, 0, 32, 32, 32, 32 }, "'descr'", "header");
    }

    [TestCaseSource(nameof(BadNpy))]
    public void Npy_files_that_lie_or_end_early_are_refused(byte[] file, string what, string rule) =>
        Assert.That(() => Read(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains(what).And.Message.Contains(rule));

    private static IEnumerable<TestCaseData> IdxTypes()
    {
        yield return new TestCaseData((byte)0x08, new byte[] { 1, 2, 3, 255 }, RowElement.Byte, new double[] { 1, 2, 3, 255 });
        yield return new TestCaseData((byte)0x09, Made.Bytes<sbyte>(1, 2, 3, -1), RowElement.Int32, new double[] { 1, 2, 3, -1 });
        yield return new TestCaseData((byte)0x0B, Made.Reversed<short>(1, 2, 3, -1), RowElement.Int32, new double[] { 1, 2, 3, -1 });
        yield return new TestCaseData((byte)0x0C, Made.Reversed(1, 2, 3, -1), RowElement.Int32, new double[] { 1, 2, 3, -1 });
        yield return new TestCaseData((byte)0x0D, Made.Reversed(1, 2, 3, 0.5f), RowElement.Single, new double[] { 1, 2, 3, 0.5 });
        yield return new TestCaseData((byte)0x0E, Made.Reversed(1, 2, 3, 0.1), RowElement.Double, new double[] { 1, 2, 3, 0.1 });
    }

    [TestCaseSource(nameof(IdxTypes))]
    public void Idx_numbers_of_every_type_become_rows(byte type, byte[] data, RowElement element, double[] expected)
    {
        Rows rows = Read(Made.Idx(type, [2, 2, 1], data));

        Assert.That(rows.ElementType, Is.EqualTo(element));
        Assert.That((rows.Count, rows.Variables), Is.EqualTo((2L, 2)));
        Assert.That(rows.Entries(), Is.EqualTo(expected));
    }

    private static IEnumerable<TestCaseData> BadIdx()
    {
        yield return new TestCaseData(Made.Idx(0x08, [2, 2], [1, 2, 3]), "cut off");
        yield return new TestCaseData(Made.Idx(0x08, [2, 2], [1, 2, 3, 4, 5]), "1 bytes follow");
        yield return new TestCaseData(Made.Idx(0x08, [uint.MaxValue, 1000, 1000], [1, 2, 3]), "cut off");
        yield return new TestCaseData(Made.Idx(0x08, [1, uint.MaxValue, uint.MaxValue], [1]), "variables");
        yield return new TestCaseData(Made.Idx(0x07, [2, 2], [1, 2, 3, 4]), "0x07 is not an IDX type");
        yield return new TestCaseData(Made.Idx(0x08, [], []), "single number");
        yield return new TestCaseData(new byte[] { 0, 0, 8 }, "header is cut off");
        yield return new TestCaseData(new byte[] { 0, 0, 8, 255, 0 }, "promises 255 axes");
    }

    [TestCaseSource(nameof(BadIdx))]
    public void Idx_files_that_lie_or_end_early_are_refused(byte[] file, string what) =>
        Assert.That(() => Read(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains(what));

    [Test]
    public void Gzipped_arrays_read_the_same()
    {
        byte[] data = new byte[3_000_000];
        new Random(1).NextBytes(data);

        Assert.That(Read(Made.Gzip(Made.Npy("|u1", "(3000, 1000)", data))).Entries().SequenceEqual(data.Select(value => (double)value)), Is.True);
        Assert.That(Read(Made.Gzip(Made.Idx(0x08, [3000, 1000], data))).Count, Is.EqualTo(3000));
    }

    [Test]
    public void A_gzipped_header_that_lies_costs_no_memory()
    {
        byte[] lying = Made.Gzip(Made.Idx(0x08, [1_000_000_000, 2], [1, 2, 3]));
        long before = GC.GetTotalAllocatedBytes(precise: true);

        Assert.That(() => Read(lying), Throws.TypeOf<InvalidDataException>().With.Message.Contains("cut off").And.Message.Contains("3 are there"));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(4 << 20));
    }

    [Test]
    public void A_gzipped_array_with_more_behind_it_is_refused() =>
        Assert.That(() => Read(Made.Gzip(Made.Idx(0x08, [1, 2], [1, 2, 3]))),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("more bytes follow"));

    [Test]
    public void A_gzipped_file_that_is_cut_off_is_refused()
    {
        byte[] noise = new byte[200_000];
        new Random(1).NextBytes(noise);
        byte[] whole = Made.Gzip(Made.Idx(0x08, [200, 1000], noise));

        Assert.That(() => Read(whole[..(whole.Length / 2)]), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void A_file_that_only_begins_like_a_gzipped_one_is_refused() =>
        Assert.That(() => Read([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), Throws.TypeOf<InvalidDataException>());

    [Test]
    public void Npz_gives_its_first_array_or_the_one_named()
    {
        byte[] archive = Made.Zip(
            ("readme.txt", [1]), ("train.npy", Made.Npy("|u1", "(1, 2)", [1, 2])), ("test.npy", Made.Npy("<i8", "(1, 2)", Made.Bytes<long>(3, 4))));

        Assert.That(Read(archive).Entries(), Is.EqualTo(new double[] { 1, 2 }));
        Assert.That(Read(archive, new RowFileOptions { Array = "test" }).Entries(), Is.EqualTo(new double[] { 3, 4 }));
        Assert.That(Read(archive, new RowFileOptions { Array = "test.npy" }).Entries(), Is.EqualTo(new double[] { 3, 4 }));
    }

    private static IEnumerable<TestCaseData> BadNpz()
    {
        byte[] whole = Made.Zip(("a.npy", Made.Npy("|u1", "(1, 2)", [1, 2])));
        yield return new TestCaseData(whole, "b", "no array 'b'; it holds 'a.npy'");
        yield return new TestCaseData(Made.Zip(("a.txt", [1])), null, "holds no array");
        yield return new TestCaseData(Made.Zip(), "b", "it holds nothing");
        yield return new TestCaseData(Made.Zip(("a.npy", [1, 2, 3])), null, "not an NPY file");
        yield return new TestCaseData(Made.Zip(("a.npy", Made.Npy("|u1", "(1000000, 2)", [1, 2]))), null, "cut off");
        yield return new TestCaseData(whole[..(whole.Length / 2)], null, "");
    }

    [TestCaseSource(nameof(BadNpz))]
    public void Npz_files_without_the_array_are_refused(byte[] file, string? array, string what) =>
        Assert.That(() => Read(file, new RowFileOptions { Array = array }), Throws.TypeOf<InvalidDataException>().With.Message.Contains(what));
}
