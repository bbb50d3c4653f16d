using System.Text;
using System.Text.Json.Nodes;

namespace Juice.Data;

/// <summary>The columns of a table: a CSV file whose first line names them, with one row a line.</summary>
/// <remarks>
/// Columns are found by their names: their order in a file does not matter, and what a schema does not know is passed over. Fields may be quoted. Immutable;
/// safe to use from any number of threads.
/// </remarks>
public sealed class TableSchema : DataSchema
{
    internal const string Key = "table";

    private readonly string[] _missing;
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    /// <summary>A schema of given columns.</summary>
    /// <param name="columns">The columns, each with a name of its own; at least one.</param>
    /// <param name="missing">Fields that are missing, in any case of letters; null: those of <see cref="TableOptions.Missing"/>.</param>
    /// <param name="separator">What stands between fields.</param>
    /// <exception cref="ArgumentException">There is no column, or two of one name.</exception>
    public TableSchema(IReadOnlyList<TableColumn> columns, IReadOnlyList<string>? missing = null, char separator = ',')
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Count == 0) throw new ArgumentException("A table has at least one column.", nameof(columns));
        Columns = [.. columns];
        _missing = [.. missing ?? new TableOptions().Missing];
        Separator = separator;
        for (int i = 0; i < columns.Count; i++)
            if (!_numbers.TryAdd(columns[i].Name, i)) throw new ArgumentException($"There are two columns named '{columns[i].Name}'.", nameof(columns));
        Distributions = [.. columns.Select(column => column.Distribution)];
    }

    /// <summary>The columns, one a variable.</summary>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>What stands between fields.</summary>
    public char Separator { get; }

    /// <inheritdoc/>
    public override int Variables => Columns.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<Distribution> Distributions { get; }

    internal override string Kind => Key;

    /// <summary>Finds out what the columns of a table hold.</summary>
    /// <param name="path">The table, gzipped or not.</param>
    /// <param name="options">What is known of it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is no table, or a column cannot be what it is said to be; the message names the place.</exception>
    public static TableSchema Discover(string path, TableOptions? options = null, CancellationToken cancellationToken = default) =>
        RowFiles.Use(path, stream => Discovered(stream, options, cancellationToken));

    /// <inheritdoc cref="Discover(string, TableOptions?, CancellationToken)"/>
    /// <param name="stream">The table, gzipped or not. It stays open.</param>
    /// <param name="options">What is known of it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static TableSchema Discover(Stream stream, TableOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return RowFiles.Use(stream, unpacked => Discovered(unpacked, options, cancellationToken));
    }

    /// <inheritdoc/>
    public override string NameOf(int variable) => Columns[variable].Name;

    /// <inheritdoc/>
    public override int? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _numbers.TryGetValue(name, out int number) ? number : base.Find(name);
    }

    /// <inheritdoc/>
    public override void Write(Stream stream, Rows rows, bool header = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Check(rows);
        using StreamWriter text = new(stream, new UTF8Encoding(false), bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        if (header) WriteLine(text, [.. Columns.Select(column => column.Name)]);
        string[] fields = new string[Variables];
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellationToken))
        {
            for (int row = 0; row < chunks.Count; row++)
            {
                for (int v = 0; v < fields.Length; v++)
                {
                    double entry = chunks.Entries[row * fields.Length + v];
                    fields[v] = double.IsNaN(entry) ? "" : Columns[v].Decode(entry) ?? throw new ArgumentException(
                        $"Row {chunks.First + row}, column '{Columns[v].Name}': {entry} is outside the domain.", nameof(rows));
                }
                WriteLine(text, fields);
            }
        }
    }

    /// <inheritdoc/>
    public override double[] LogUnits(Rows rows, CancellationToken cancellationToken = default)
    {
        Check(rows);
        double[] units = new double[rows.Count];
        double[] logs = [.. Columns.Select(column => column is NumberColumn number ? Math.Log(number.Deviation) : 0)];
        if (logs.All(log => log == 0)) return units;
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellationToken))
            for (int i = 0; i < chunks.Entries.Length; i++)
                if (!double.IsNaN(chunks.Entries[i])) units[chunks.First + i / logs.Length] -= logs[i % logs.Length];
        return units;
    }

    internal static TableSchema FromJson(JsonObject json)
    {
        TableColumn[] columns = [.. SchemaJson.Items(json, "columns").Select(item => TableColumn.Read(item as JsonObject ?? throw SchemaJson.Damaged("columns")))];
        string separator = SchemaJson.Text(json, "separator");
        if (separator.Length != 1) throw SchemaJson.Damaged("separator");
        try
        {
            return new(columns, SchemaJson.Texts(json, "missing"), separator[0]);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"The schema in the metadata is damaged: {e.Message}", e);
        }
    }

    internal override JsonObject ToJson() => new()
    {
        ["separator"] = Separator.ToString(),
        ["missing"] = SchemaJson.Array(_missing),
        ["columns"] = new JsonArray([.. Columns.Select(column =>
        {
            JsonObject described = new() { ["name"] = column.Name, ["kind"] = column.Kind };
            column.Describe(described);
            return described;
        })]),
    };

    internal override Rows ReadText(Stream stream, CancellationToken cancellation)
    {
        using TableFile file = new(stream);
        int[] places = [.. Columns.Select((column, v) => Place(file, column.Name))];
        EntryBuffer entries = new();
        bool any = false;
        while (file.Next(cancellation))
        {
            any = true;
            for (int v = 0; v < places.Length; v++)
            {
                ReadOnlySpan<char> field = file[places[v]];
                if (IsMissing(_missing, field)) entries.AddMissing();
                else if (Columns[v].Encode(field, out string? rule) is double entry) entries.Add(entry);
                else throw new InvalidDataException($"line {file.Line}, column '{TableFile.Shown(Columns[v].Name)}': '{TableFile.Shown(field)}' is {rule}");
            }
        }
        return any ? entries.ToRows(Variables) : throw new InvalidDataException("there is no row below the names of the columns");
    }

    internal static bool IsMissing(string[] missing, ReadOnlySpan<char> field)
    {
        foreach (string text in missing)
            if (field.Equals(text, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private static TableSchema Discovered(Stream stream, TableOptions? options, CancellationToken cancellation)
    {
        using TableFile file = new(stream);
        return new TableDiscovery(file, options ?? new()).Run(cancellation);
    }

    private static int Place(TableFile file, string name)
    {
        for (int i = 0; i < file.Names.Count; i++)
            if (file.Names[i] == name) return i;
        string named = string.Join(", ", file.Names.Take(20).Select(other => TableFile.Shown(other)));
        throw new InvalidDataException(
            $"line 1 names no column '{TableFile.Shown(name)}', which the model has; it names {named}{(file.Names.Count > 20 ? ", …" : "")}");
    }

    private void WriteLine(StreamWriter text, ReadOnlySpan<string> fields)
    {
        for (int i = 0; i < fields.Length; i++)
        {
            if (i > 0) text.Write(Separator);
            bool quoted = fields[i].AsSpan().ContainsAny(Separator, '"', '\n') || fields[i].Contains('\r', StringComparison.Ordinal);
            text.Write(quoted ? $"\"{fields[i].Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : fields[i]);
        }
        text.Write('\n');
    }
}
