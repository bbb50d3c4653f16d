using System.Globalization;
using Juice.Data;

namespace Juice.Tests.Data;

public class CsvFileTests
{
    private static Rows Read(string text, bool header = false) => Read(Made.Text(text), header);

    private static Rows Read(byte[] bytes, bool header = false)
    {
        using MemoryStream stream = new(bytes);
        return RowFiles.Load(stream, new RowFileOptions { Header = header });
    }

    [TestCase("0,255\n7,1\n", RowElement.Byte)]
    [TestCase("0,256\n7,1\n", RowElement.UShort)]
    [TestCase("0,65535\n7,1\n", RowElement.UShort)]
    [TestCase("0,65536\n7,1\n", RowElement.Int32)]
    [TestCase("0,-1\n7,1\n", RowElement.Int32)]
    [TestCase("0,3.0\n7,1\n", RowElement.Byte)]
    [TestCase("0,2147483648\n7,1\n", RowElement.Single)]
    [TestCase("0,2147483649\n7,1\n", RowElement.Double)]
    [TestCase("0,0.5\n7,1\n", RowElement.Single)]
    [TestCase("0,0.1\n7,1\n", RowElement.Double)]
    [TestCase("0,1e300\n7,1\n", RowElement.Double)]
    public void The_smallest_element_type_that_loses_nothing_is_taken(string text, RowElement expected)
    {
        Rows rows = Read(text);

        Assert.That(rows.ElementType, Is.EqualTo(expected));
        Assert.That(rows.Count, Is.EqualTo(2));
        Assert.That(rows.Variables, Is.EqualTo(2));
        Assert.That(rows.Entries()[1],
            Is.EqualTo(double.Parse(text.Split('\n')[0].Split(',')[1], CultureInfo.InvariantCulture)));
    }

    [Test]
    public void Values_read_before_the_type_grew_are_kept()
    {
        Rows rows = Read("1,2\n300,4\n-70000,6\n0.25,8\n");

        Assert.That(rows.Entries(), Is.EqualTo(new[] { 1, 2, 300, 4, -70000, 6, 0.25, 8 }));
    }

    [Test]
    public void Many_rows_are_read_whole_whatever_the_reading_buffer_cuts()
    {
        int[] expected = [.. Enumerable.Range(0, 200_000).Select(i => i * 7919 % 1000)];
        string text = string.Concat(expected.Chunk(4).Select(row => string.Join(',', row) + "\n"));

        Rows rows = Read(text);

        Assert.That(rows.Count, Is.EqualTo(50_000));
        Assert.That(rows.Entries().SequenceEqual(expected.Select(value => (double)value)), Is.True);
    }

    [Test]
    public void A_line_longer_than_the_reading_buffer_is_one_row() =>
        Assert.That(Read(string.Join(',', Enumerable.Repeat("12345", 40_000))).Variables, Is.EqualTo(40_000));

    [TestCase("1,,3\n", RowElement.Byte)]
    [TestCase("1, ,3\n", RowElement.Byte)]
    [TestCase("1,\"\",3\n", RowElement.Byte)]
    [TestCase("1,nan,3\n", RowElement.Byte)]
    [TestCase("1,NaN,3.5\n", RowElement.Single)]
    public void Empty_fields_are_missing(string text, RowElement type)
    {
        Rows rows = Read(text);

        Assert.That(rows.ElementType, Is.EqualTo(type));
        Assert.That(rows.Entries()[1], Is.NaN);
        Assert.That(rows.Entries()[0], Is.EqualTo(1));
    }

    [Test]
    public void A_row_may_be_wholly_missing() =>
        Assert.That(Read(",,\n1,2,3\n,,").Entries(),
            Is.EqualTo(new[] { double.NaN, double.NaN, double.NaN, 1, 2, 3, double.NaN, double.NaN, double.NaN }));

    [Test]
    public void An_entry_that_goes_missing_late_is_masked_alone()
    {
        Rows rows = Read("1\n2\n\n4\n");

        Assert.That(rows.Entries(), Is.EqualTo(new[] { 1, 2, double.NaN, 4 }));
        Assert.That(rows.ElementType, Is.EqualTo(RowElement.Byte));
    }

    [Test]
    public void With_one_variable_an_empty_line_is_a_missing_entry() =>
        Assert.That(Read("\n\n5\n\n").Entries(), Is.EqualTo(new[] { double.NaN, double.NaN, 5, double.NaN }));

    [Test]
    public void With_several_variables_empty_lines_at_the_end_are_passed_over() => Assert.That(Read("1,2\n3,4\n\n \n").Count, Is.EqualTo(2));

    [TestCase("1,2\r\n3,4\r\n")]
    [TestCase("1,2\n3,4")]
    [TestCase(" 1 ,2\n3,\t4\n")]
    [TestCase("\uFEFF1,2\n3,4\n")]
    [TestCase("\"1\",\"2\"\n3,4\n")]
    [TestCase("+1,2e0\n3,4\n")]
    public void Line_ends_blanks_quotes_and_marks_do_not_matter(string text) =>
        Assert.That(Read(text).Entries(), Is.EqualTo(new double[] { 1, 2, 3, 4 }));

    [Test]
    public void A_header_is_skipped_where_it_is_announced() =>
        Assert.That(Read("\"age, in years\",height\n1,2\n", header: true).Entries(), Is.EqualTo(new double[] { 1, 2 }));

    [Test]
    public void Gzipped_text_reads_the_same() =>
        Assert.That(Read(Made.Gzip(Made.Text("1,2\n3,4\n"))).Entries(), Is.EqualTo(new double[] { 1, 2, 3, 4 }));

    [TestCase("1,2\n3,x4\n", "line 2, column 2", "'x4' is not a number")]
    [TestCase("age,height\n1,2\n", "line 1, column 1", "line 1 names the columns")]
    [TestCase("1,2\n3,inf\n", "line 2, column 2", "'inf' is not a number")]
    [TestCase("1,2\n3,1e999\n", "line 2, column 2", "'1e999' is not a finite number")]
    [TestCase("1,2\n3,4,5\n", "line 2 has 3 entries", "line 1 has 2")]
    [TestCase("1,2\n3\n", "line 2 has 1 entry", "line 1 has 2")]
    [TestCase("1,2\n\n3,4\n", "line 2 is empty", "line 3 is not")]
    [TestCase("\n3,4\n", "line 1 is empty", "line 2 is not")]
    [TestCase("1,\"2\n3,4\n", "line 1", "quoted field does not end")]
    [TestCase("1,2 3\n", "line 1, column 2", "'2 3' is not a number")]
    [TestCase("", "file is empty", "the stream")]
    public void What_is_wrong_is_said_with_its_place(string text, string place, string rule) =>
        Assert.That(() => Read(text), Throws.TypeOf<InvalidDataException>().With.Message.Contains(place).And.Message.Contains(rule));

    [Test]
    public void A_header_alone_holds_no_row() =>
        Assert.That(() => Read("a,b\n", header: true), Throws.TypeOf<InvalidDataException>().With.Message.Contains("no row below the header"));

    [Test]
    public void What_is_no_text_at_all_is_shown_in_part_only()
    {
        byte[] noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        noise[0] = (byte)'x';

        Assert.That(() => Read(noise), Throws.TypeOf<InvalidDataException>().With.Message.Length.LessThan(200).And.Message.Contains("line 1"));
    }

    [Test]
    public void Reading_can_be_cancelled()
    {
        using MemoryStream stream = new(Made.Text("1,2\n"));

        Assert.That(() => RowFiles.Load(stream, cancellationToken: new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
    }
}
