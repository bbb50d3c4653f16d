using Juice.Data;

namespace Juice.Tests.Data;

public class TableSchemaTests
{
    private const string People = """"
        name,age,city,income
        Ann,31,Rome,30500.5
        "Bob, Jr.",45,Oslo,52000
        Ann,31,"New ""York""",
        ?,45,Rome,41000

        """";

    private static TableSchema Discover(string text, params (string Name, string Kind)[] columns)
    {
        using MemoryStream stream = new(Made.Text(text));
        return TableSchema.Discover(stream, new TableOptions { Columns = columns.ToDictionary(column => column.Name, column => column.Kind) });
    }

    private static Rows Read(DataSchema schema, string text)
    {
        using MemoryStream stream = new(Made.Text(text));
        return schema.Read(stream);
    }

    private static string Write(DataSchema schema, Rows rows)
    {
        using MemoryStream stream = new();
        schema.Write(stream, rows);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Complaint(Action read) => Assert.Throws<InvalidDataException>(() => read())!.Message;

    [Test]
    public void Columns_are_discovered_with_their_names_and_categories()
    {
        TableSchema schema = Discover(People);

        Assert.That(schema.Columns.Select(column => column.Name), Is.EqualTo(new[] { "name", "age", "city", "income" }));
        Assert.That(((CategoryColumn)schema.Columns[0]).Categories, Is.EqualTo(new[] { "Ann", "Bob, Jr." }));
        Assert.That(((CategoryColumn)schema.Columns[1]).Categories, Is.EqualTo(new[] { "31", "45" }));
        Assert.That(((CategoryColumn)schema.Columns[2]).Categories, Is.EqualTo(new[] { "New \"York\"", "Oslo", "Rome" }));
        NumberColumn income = (NumberColumn)schema.Columns[3];
        Assert.That(income.Mean, Is.EqualTo((30500.5 + 52000 + 41000) / 3).Within(1e-9));
        Assert.That(income.Deviation, Is.EqualTo(8777.9).Within(0.1));
        Assert.That(schema.Distributions, Is.EqualTo(new Distribution[] { new Categorical(2), new Categorical(2), new Categorical(3), new Gaussian() }));
    }

    [Test]
    public void A_table_becomes_rows_and_the_rows_the_table_again()
    {
        TableSchema schema = Discover(People);

        Rows rows = Read(schema, People);

        double[] entries = rows.Entries();
        Assert.That(entries[..3], Is.EqualTo(new double[] { 0, 0, 2 }));
        Assert.That(entries[3], Is.EqualTo((30500.5 - 41166.8333333333) / ((NumberColumn)schema.Columns[3]).Deviation).Within(1e-9));
        Assert.That(entries[8..12], Is.EqualTo(new[] { 0, 0, 0, double.NaN }));
        Assert.That(double.IsNaN(entries[12]), Is.True);
        Assert.That(Write(schema, rows), Is.EqualTo(People.Replace("\n\n", "\n", StringComparison.Ordinal).Replace("?,", ",", StringComparison.Ordinal)));
    }

    [Test]
    public void Columns_in_another_order_and_columns_too_many_change_nothing()
    {
        TableSchema schema = Discover("a,b\n1,x\n2,y\n");

        Assert.That(Read(schema, "b,more,a\ny,7,1\nx,8,2\n").Entries(), Is.EqualTo(new double[] { 0, 1, 1, 0 }));
    }

    [TestCase("b\nx\n", "line 1 names no column 'a', which the model has; it names b")]
    [TestCase("a,b\n1,x\n2,z\n", "line 3, column 'b': 'z' is not one of its categories: x, y")]
    [TestCase("a,b\n3,x\n", "line 2, column 'a': '3' is not one of its categories: 1, 2")]
    [TestCase("b,a\nx\n", "line 2 has 1 field, line 1 names 2 columns")]
    [TestCase("a,b,a\n1,x,1\n", "line 1: columns 1 and 3 are both named 'a'")]
    [TestCase("a,\n1,x\n", "line 1, column 2: the column has no name")]
    [TestCase("a,b\n", "there is no row below the names of the columns")]
    [TestCase("", "the file is empty")]
    public void What_does_not_fit_is_said_with_its_line_and_column(string text, string expected)
    {
        TableSchema schema = Discover("a,b\n1,x\n2,y\n");

        Assert.That(Complaint(() => Read(schema, text)), Does.Contain(expected));
    }

    [TestCase("a,b\n1.5,x\nmuch,y\n", "a", "number", "line 3, column 'a': 'much' is not a finite number")]
    [TestCase("a,b\n1.5,x\n", "c", "number", "line 1 names no column 'c'; it names a, b")]
    [TestCase("a,b\n1.5,x\n", "a", "bins:1", "column 'a' is to be 'bins:1'; a column is category, number, bins:N with N at least 2, or ignore")]
    [TestCase("a,b\n1.5,x\n", "a", "real", "column 'a' is to be 'real'")]
    [TestCase("a,b\n,x\n", "a", "number", "column 'a' has nothing but missing fields")]
    [TestCase("a\n1\n", "a", "ignore", "all columns are ignored")]
    public void What_a_column_cannot_be_is_said(string text, string name, string kind, string expected) =>
        Assert.That(Complaint(() => Discover(text, (name, kind))), Does.Contain(expected));

    [Test]
    public void What_is_no_text_or_has_no_end_is_said()
    {
        Assert.That(Complaint(() => Discover("a,b\n1,\"x\n2,y\n")), Does.Contain("line 2: a quoted field does not end"));
        Assert.That(Complaint(() => Discover("a,b\n1," + new string('x', 20_000_000))), Does.Contain("line 2 is too long for a line of a table"));
        using MemoryStream bytes = new([.. Made.Text("a,b\n1,"), 0xff, 0xfe, (byte)'\n']);
        Assert.That(Complaint(() => TableSchema.Discover(bytes)), Does.Contain("not UTF-8 text"));
    }

    [Test]
    public void A_byte_order_mark_line_ends_of_windows_and_lines_within_quotes_are_read()
    {
        TableSchema schema = Discover("\ufeffa,b\r\n1,x\r\n\r\n2,\"y\r\nz\"\r\n");

        Assert.That(schema.NameOf(0), Is.EqualTo("a"));
        Assert.That(((CategoryColumn)schema.Columns[1]).Categories, Is.EqualTo(new[] { "x", "y\r\nz" }));
        Assert.That(Read(schema, Write(schema, Rows.Of(new byte[] { 1, 1, 0, 0 }, 2))).Entries(), Is.EqualTo(new double[] { 1, 1, 0, 0 }));
    }

    [Test]
    public void A_column_of_too_many_names_is_refused_and_may_be_ignored()
    {
        string text = "id,x\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"n{i},{i % 2}\n"));

        Assert.That(Complaint(() => Discover(text)), Does.Contain("line 4098, column 'id': more than 4096 different names"));
        Assert.That(Discover(text, ("id", "ignore")).Columns.Select(column => column.Name), Is.EqualTo(new[] { "x" }));
    }

    [Test]
    public void Codes_with_leading_zeros_are_names_and_numbers_are_known_in_any_writing()
    {
        TableSchema schema = Discover("zip,kids\n0100,0\n100,1.0\n0100,2\n");

        Assert.That(((CategoryColumn)schema.Columns[0]).Categories, Is.EqualTo(new[] { "0100", "100" }));
        Assert.That(((CategoryColumn)schema.Columns[1]).Categories, Is.EqualTo(new[] { "0", "1", "2" }));
        Assert.That(Read(schema, "kids,zip\n2e0,100\n").Entries(), Is.EqualTo(new double[] { 1, 2 }));
    }

    [Test]
    public void Many_whole_numbers_are_numbers_and_few_are_categories()
    {
        string Column(int different) => "x\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i % different}\n"));

        Assert.That(Discover(Column(32)).Columns[0], Is.TypeOf<CategoryColumn>());
        Assert.That(Discover(Column(33)).Columns[0], Is.TypeOf<NumberColumn>());
        Assert.That(Discover(Column(100), ("x", "category")).Distributions[0], Is.EqualTo(new Categorical(100)));
    }

    [Test]
    public void Bins_hold_about_equally_many_rows_and_are_told_by_their_medians()
    {
        TableSchema schema = Discover("x,y\n" + string.Concat(Enumerable.Range(0, 1000).Select(i => $"{i * 0.5},{Math.Max(i - 500, 0)}\n")), ("*", "bins:4"));

        BinnedColumn x = (BinnedColumn)schema.Columns[0], y = (BinnedColumn)schema.Columns[1];
        Assert.That(x.Edges, Is.EqualTo(new[] { 125.0, 250, 375 }));
        Assert.That(x.Typical, Is.EqualTo(new[] { 62.5, 187.5, 312.5, 437.5 }));
        Assert.That(y.Edges, Is.EqualTo(new[] { 1.0, 250 }), "500 rows have the number 0 and are one bin");
        Assert.That(Read(schema, "x,y\n-7,0\n124.9,1\n125,249.5\n1e9,250\n").Entries(), Is.EqualTo(new double[] { 0, 0, 0, 1, 1, 1, 3, 2 }));
        Assert.That(Write(schema, Rows.Of(new byte[] { 3, 2 }, 2)), Is.EqualTo("x,y\n437.5,375\n"));
    }

    [Test]
    public void Other_separators_and_packed_files_are_found_out()
    {
        TableSchema schema = Discover("a;b\n1,5;x\n2,5;y\n");
        using MemoryStream packed = new(Made.Gzip(Made.Text("b;a\ny;1,5\n")));

        Assert.That(schema.Separator, Is.EqualTo(';'));
        Assert.That(schema.Read(packed).Entries(), Is.EqualTo(new double[] { 0, 1 }), "1,5 is a name: numbers have a point");
    }

    [Test]
    public void A_single_column_has_missing_entries_in_empty_lines()
    {
        TableSchema schema = Discover("x\na\n\nb\n");

        Assert.That(Read(schema, "x\nb\n\na\n").Entries(), Is.EqualTo(new[] { 1, double.NaN, 0 }));
    }

    [Test]
    public void The_schema_goes_with_a_model_through_a_file()
    {
        using TemporaryFolder folder = new();
        TableSchema schema = Discover(People);
        using Circuit circuit = Structures.FullyFactorized(schema.Distributions, 2, seed: 1);
        using Circuit known = schema.AddTo(circuit);
        known.Save(folder.File("m.juice"));

        using Circuit loaded = Circuit.Load(folder.File("m.juice"));
        TableSchema again = (TableSchema)DataSchema.Of(loaded)!;

        Assert.That(again.Columns, Is.EqualTo(schema.Columns));
        Assert.That(again.Separator, Is.EqualTo(','));
        Assert.That(Read(again, People).Entries(), Is.EqualTo(Read(schema, People).Entries()));
        Assert.That(DataSchema.Of(circuit), Is.Null);
    }

    [Test]
    public void A_damaged_schema_is_refused_with_a_sentence()
    {
        using Circuit circuit = Structures.FullyFactorized([new Bernoulli()], 2, seed: 1);
        foreach ((string json, string expected) in new[]
        {
            ("""{"table":{"separator":",","missing":[],"columns":[{"name":"a","kind":"category","categories":[]}]}}""", "Column 'a' has no category"),
            ("""{"table":{"separator":",","missing":[],"columns":[{"name":"a","kind":"what"}]}}""", "'kind' is not there"),
            ("""{"table":{"separator":",","missing":[],"columns":7}}""", "'columns' is not there"),
            ("""{"table":{"separator":",","missing":[],"columns":[{"name":"a","kind":"number","mean":0,"deviation":0}]}}""", "deviation 0; it is above 0"),
            ("""{"table":{"separator":"","missing":[],"columns":[{"name":"a","kind":"number","mean":0,"deviation":1}]}}""", "'separator'"),
            ("""{"text":{"unit":"words","length":2,"tokens":["<unk>","<end>"]}}""", "has 2 variables, the circuit 1"),
            ("""{"text":{"unit":"words","length":1,"tokens":["a","b"]}}""", "The first two tokens are <unk> and <end>"),
        })
        {
            using Circuit damaged = circuit.WithMetadata(DataSchema.MetadataKey, json);
            Assert.That(() => DataSchema.Of(damaged), Throws.TypeOf<InvalidDataException>().With.Message.Contains(expected));
        }
    }

    [Test]
    public void Log_likelihoods_in_the_table_s_units_are_densities_of_its_numbers()
    {
        TableSchema schema = new([new NumberColumn("x", mean: 100, deviation: 20), new CategoryColumn("c", ["a", "b"])]);
        CircuitBuilder builder = new(2);
        int[] inputs = [builder.Input(0, new Gaussian(), 1, 1, parameters: [0, 1]), builder.Input(1, new Categorical(2), 1, 1, parameters: [0.25f, 0.75f])];
        using Circuit circuit = builder.Build(builder.Sum([builder.Product(inputs, 1, 1)], 1, 1, parameters: [1]));
        using CompiledCircuit model = circuit.Compile(Device.Cpu);
        Rows rows = Read(schema, "c,x\nb,130\n,90\na,\n");

        double[] units = schema.LogUnits(rows);
        double[] logs = [.. model.LogLikelihood(rows).Zip(units, (log, unit) => log + unit)];

        double Density(double x) => -Math.Log(20 * Math.Sqrt(2 * Math.PI)) - (x - 100) * (x - 100) / 800;
        Assert.That(logs, Is.EqualTo(new[] { Density(130) + Math.Log(0.75), Density(90), Math.Log(0.25) }).Within(1e-5));
    }

    [Test]
    public void Entries_outside_a_domain_are_not_written()
    {
        TableSchema schema = Discover("a,b\n1,x\n2,y\n");

        Assert.That(() => Write(schema, Rows.Of(new byte[] { 0, 0, 2, 1 }, 2)), Throws.ArgumentException.With.Message.Contains("Row 1, column 'a': 2"));
        Assert.That(() => Write(schema, Rows.Of(new byte[] { 0 }, 1)), Throws.ArgumentException.With.Message.Contains("1 variables and the schema 2"));
    }
}
