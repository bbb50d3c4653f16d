using System.Text;
using nietras.SeparatedValues;

namespace Juice.Data;

/// <summary>A table as lines of fields, parsed by Sep: the first line names the columns. Lines are counted from 1; those with nothing in them are passed over.</summary>
internal sealed class TableFile : IDisposable
{
    private readonly StreamReader _text;
    private readonly SepReader _lines;
    private int _end;           // the line after the current one

    public TableFile(Stream stream)
    {
        _text = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        // The header is a line like others here: Sep would find its names wanting with exceptions of its own.
        _lines = Parsed(() => Sep.Reader(Options).From(_text));
        if (!Parsed(() => _lines.MoveNext())) throw new InvalidDataException("the file is empty; a table begins with the names of its columns");
        _end = _lines.Current.LineNumberToExcl;
        Separator = _lines.Spec.Sep.Separator;
        Names = Header(_lines.Current);
    }

    /// <summary>What stands between fields.</summary>
    public char Separator { get; }

    /// <summary>The columns' names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The number of the current line.</summary>
    public int Line => _lines.Current.LineNumberFrom;

    /// <summary>A field of the current line, without spaces around it.</summary>
    public ReadOnlySpan<char> this[int column] => _lines.Current[column].Span.Trim();

    /// <summary>Goes on to the next line.</summary>
    public bool Next(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!Parsed(_lines.MoveNext)) return false;
            SepReader.Row row = _lines.Current;
            _end = row.LineNumberToExcl;
            // Sep takes what a quote opens to the file's end where nothing closes it.
            if (row.Span.Count('"') % 2 != 0) throw new InvalidDataException($"line {Line}: a quoted field does not end");
            if (row.ColCount == Names.Count && (Names.Count > 1 || !row.Span.IsEmpty)) return true;
            if (row.Span.Trim().IsEmpty)
            {
                if (Names.Count > 1) continue;
                return true;
            }
            throw new InvalidDataException($"line {Line} has {row.ColCount} {(row.ColCount == 1 ? "field" : "fields")}, line 1 names {Names.Count} columns");
        }
    }

    public void Dispose()
    {
        _lines.Dispose();
        _text.Dispose();
    }

    /// <summary>A field as a complaint shows it.</summary>
    public static string Shown(ReadOnlySpan<char> field)
    {
        const int longest = 40;
        StringBuilder text = new();
        foreach (char c in field[..Math.Min(field.Length, longest)]) text.Append(char.IsControl(c) ? '?' : c);
        return field.Length > longest ? text.Append('…').ToString() : text.ToString();
    }

    // What Sep and the decoder throw about a file is what is wrong with it.
    private T Parsed<T>(Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (DecoderFallbackException)
        {
            throw new InvalidDataException($"line {_end} or one soon after it is not UTF-8 text");
        }
        catch (NotSupportedException e)
        {
            throw new InvalidDataException($"line {_end} is too long for a line of a table, or a quoted field does not end ({e.Message.TrimEnd('.')})");
        }
    }

    private static SepReaderOptions Options(SepReaderOptions options) =>
        options with { HasHeader = false, Unescape = true, DisableColCountCheck = true };

    private static string[] Header(SepReader.Row row)
    {
        string[] names = new string[row.ColCount];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = row[i].Span.Trim().ToString();
            if (names[i].Length == 0) throw new InvalidDataException($"line 1, column {i + 1}: the column has no name");
            int before = Array.IndexOf(names, names[i], 0, i);
            if (before >= 0) throw new InvalidDataException($"line 1: columns {before + 1} and {i + 1} are both named '{Shown(names[i])}'");
        }
        return names;
    }
}
