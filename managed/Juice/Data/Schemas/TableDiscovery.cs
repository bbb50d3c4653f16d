using System.Globalization;

namespace Juice.Data;

/// <summary>Goes through a table once and says what each of its columns holds.</summary>
internal sealed class TableDiscovery(TableFile file, TableOptions options)
{
    private const string Ignore = "ignore", Any = "*", BinsPrefix = BinnedColumn.KindName + ":";

    private readonly string[] _missing = [.. options.Missing];
    private readonly Column[] _columns = [.. file.Names.Select(name => new Column(name))];

    public TableSchema Run(CancellationToken cancellation)
    {
        string? unknown = options.Columns.Keys.FirstOrDefault(name => name != Any && !file.Names.Contains(name));
        if (unknown is not null) throw new InvalidDataException($"line 1 names no column '{unknown}'; it names {string.Join(", ", file.Names)}");
        foreach (Column column in _columns) column.Asked = Asked(column.Name);
        int rows = 0;
        for (; file.Next(cancellation); rows++)
            for (int i = 0; i < _columns.Length; i++)
                if (_columns[i].Asked != Ignore) Add(_columns[i], file[i]);
        if (rows == 0) throw new InvalidDataException("there is no row below the names of the columns");
        TableColumn[] found = [.. _columns.Where(column => column.Asked != Ignore).Select(Decide)];
        return found.Length > 0 ? new(found, _missing, file.Separator) : throw new InvalidDataException("all columns are ignored");
    }

    private string? Asked(string name)
    {
        string? kind = options.Columns.GetValueOrDefault(name);
        return kind is null or Ignore or CategoryColumn.KindName or NumberColumn.KindName || Bins(kind) is not null ? kind : throw Refused(name, kind);
    }

    private static InvalidDataException Refused(string name, string kind) =>
        new($"column '{name}' is to be '{kind}'; a column is category, number, bins:N with N at least 2, or ignore");

    private static int? Bins(string? kind) =>
        kind?.StartsWith(BinsPrefix, StringComparison.Ordinal) == true
            && int.TryParse(kind.AsSpan(BinsPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int bins) && bins >= 2 ? bins : null;

    private void Add(Column column, ReadOnlySpan<char> field)
    {
        if (TableSchema.IsMissing(_missing, field)) return;
        if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && !IsCode(field))
        {
            column.Numbers.Add(value);
        }
        else if (column.Asked is NumberColumn.KindName || Bins(column.Asked) is not null)
        {
            throw new InvalidDataException($"line {file.Line}, column '{TableFile.Shown(column.Name)}': '{TableFile.Shown(field)}' is not a finite number");
        }
        else
        {
            column.HasNames = true;
        }
        // The fields themselves are wanted only as long as they may be categories.
        if (column.Fields is null) return;
        column.Fields.GetAlternateLookup<ReadOnlySpan<char>>().Add(field);
        if (column.Fields.Count <= options.MostCategories) return;
        if (column.HasNames || column.Asked == CategoryColumn.KindName) throw TooMany(column);
        column.Fields = null;
    }

    private InvalidDataException TooMany(Column column) => new(
        $"line {file.Line}, column '{TableFile.Shown(column.Name)}': more than {options.MostCategories} different names; such a column is to be ignored, "
            + "or has a field too many that is no number");

    private TableColumn Decide(Column column)
    {
        if (column.HasNames && column.Fields is null) throw TooMany(column);
        if (column.Asked == CategoryColumn.KindName || (column.Asked is null && IsCategory(column))) return Categories(column);
        string? kind = column.Asked ?? options.Columns.GetValueOrDefault(Any);
        if (kind is not (null or NumberColumn.KindName) && Bins(kind) is null) throw Refused(Any, kind);
        if (column.Numbers.Count == 0) throw Empty(column);
        return Bins(kind) is int bins ? Binned(column, bins) : Number(column);
    }

    private static InvalidDataException Empty(Column column) => new($"column '{TableFile.Shown(column.Name)}' has nothing but missing fields; it is to be ignored");

    private bool IsCategory(Column column)
    {
        if (column.HasNames || column.Numbers.Count == 0) return true;
        if (!column.Numbers.TrueForAll(double.IsInteger)) return false;
        HashSet<double> different = [];
        foreach (double value in column.Numbers)
            if (different.Add(value) && different.Count > options.MostWholeNumbers) return false;
        return true;
    }

    private static CategoryColumn Categories(Column column)
    {
        if (column.Fields!.Count == 0) throw Empty(column);
        // Numbers in their order, written the shortest way once each; names in the order of their letters.
        string[] names = column.HasNames
            ? [.. column.Fields.Order(StringComparer.Ordinal)]
            : [.. column.Numbers.Distinct().Order().Select(value => value.ToString(CultureInfo.InvariantCulture))];
        return new(column.Name, names);
    }

    private static NumberColumn Number(Column column)
    {
        double mean = 0, squares = 0;
        for (int i = 0; i < column.Numbers.Count; i++)
        {
            double change = column.Numbers[i] - mean;
            mean += change / (i + 1);
            squares += change * (column.Numbers[i] - mean);
        }
        double deviation = Math.Sqrt(squares / column.Numbers.Count);
        if (!double.IsFinite(mean) || !double.IsFinite(deviation))
            throw new InvalidDataException($"column '{TableFile.Shown(column.Name)}' has numbers too large for their mean and deviation");
        return new(column.Name, mean, deviation > 0 ? deviation : 1);
    }

    // Edges between equally many rows, as far as equal numbers allow; a bin is told by its median.
    private static BinnedColumn Binned(Column column, int bins)
    {
        double[] sorted = [.. column.Numbers.Order()];
        List<double> edges = [], typical = [];
        int first = 0;
        for (int bin = 1; bin <= bins && first < sorted.Length; bin++)
        {
            int end = bin == bins ? sorted.Length : (int)((long)sorted.Length * bin / bins);
            while (end > 0 && end < sorted.Length && sorted[end] == sorted[end - 1]) end++;
            if (end <= first) continue;
            if (first > 0) edges.Add(sorted[first]);
            typical.Add(sorted[first + (end - first) / 2]);
            first = end;
        }
        return new(column.Name, edges, typical);
    }

    // 007 is a name, not the number 7.
    private static bool IsCode(ReadOnlySpan<char> field)
    {
        ReadOnlySpan<char> digits = field.TrimStart("+-");
        return digits.Length > 1 && digits[0] == '0' && char.IsAsciiDigit(digits[1]);
    }

    private sealed class Column(string name)
    {
        public string Name => name;

        public string? Asked { get; set; }

        public bool HasNames { get; set; }

        public List<double> Numbers { get; } = [];

        public HashSet<string>? Fields { get; set; } = new(StringComparer.Ordinal);
    }
}
