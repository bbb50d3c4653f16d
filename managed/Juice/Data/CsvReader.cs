using System.Globalization;
using System.Text;

namespace Juice.Data;

/// <summary>
/// Reads comma-separated numbers: every line a row, an empty field (or nan) missing. Lines and columns are counted from 1, as editors do.
/// Empty lines at the end are passed over, but with one variable, where each is a row with a missing entry.
/// </summary>
internal sealed class CsvReader(Stream stream, bool header, CancellationToken cancellation)
{
    private const int LongestLine = 1 << 26;

    private readonly EntryBuffer _entries = new();
    private long _line;             // the current one's number
    private long _emptyLines;       // that came directly before it
    private long _firstRow;         // the line that fixed the number of variables
    private int _variables;

    public Rows Read()
    {
        byte[] buffer = new byte[1 << 16];
        int length = 0;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            int read = stream.Read(buffer, length, buffer.Length - length);
            length += read;
            int start = 0;
            while (buffer.AsSpan(start, length - start).IndexOf((byte)'\n') is int at and >= 0)
            {
                ReadLine(buffer.AsSpan(start, at));
                start += at + 1;
            }
            if (read == 0)
            {
                if (length > start) ReadLine(buffer.AsSpan(start, length - start));
                return Finish();
            }
            buffer.AsSpan(start, length - start).CopyTo(buffer);
            length -= start;
            if (length < buffer.Length) continue;
            if (length >= LongestLine) throw new InvalidDataException($"line {_line + 1} is longer than {LongestLine} bytes; this is not a CSV file");
            Array.Resize(ref buffer, 2 * length);
        }
    }

    private Rows Finish()
    {
        if (_variables == 0 && _emptyLines > 0) _variables = 1;
        if (_variables == 0) throw new InvalidDataException(header && _line > 0 ? "there is no row below the header" : "the file is empty");
        if (_variables == 1) AddEmptyLines();
        return _entries.ToRows(_variables);
    }

    private void ReadLine(ReadOnlySpan<byte> line)
    {
        _line++;
        if (_line == 1)
        {
            if (line.StartsWith("\uFEFF"u8)) line = line[3..];
            if (header) return;
        }
        line = line.Trim(" \t\r"u8);
        if (line.IsEmpty)
        {
            _emptyLines++;
            return;
        }
        if (_variables == 0)
        {
            _variables = CountFields(line);
            _firstRow = _line;
        }
        if (_variables == 1) AddEmptyLines();
        if (_emptyLines > 0) throw new InvalidDataException($"line {_line - _emptyLines} is empty, line {_line} is not");
        int fields = ReadFields(line);
        if (fields != _variables)
            throw new InvalidDataException($"line {_line} has {fields} {(fields == 1 ? "entry" : "entries")}, line {_firstRow} has {_variables}");
    }

    private void AddEmptyLines()
    {
        for (; _emptyLines > 0; _emptyLines--) _entries.AddMissing();
    }

    private int CountFields(ReadOnlySpan<byte> line)
    {
        int fields = 1;
        for (int end = FieldEnd(line, 0); end < line.Length; end = FieldEnd(line, end + 1)) fields++;
        return fields;
    }

    private int ReadFields(ReadOnlySpan<byte> line)
    {
        for (int fields = 1, at = 0; ; fields++)
        {
            int end = ReadPlainInteger(line, at);
            if (end < 0)
            {
                end = FieldEnd(line, at);
                ReadField(line[at..end].Trim(" \t"u8), fields);
            }
            if (end == line.Length) return fields;
            at = end + 1;
        }
    }

    // By far the most fields are short integers between commas. Answers the field's end, or −1 where it is anything else.
    private int ReadPlainInteger(ReadOnlySpan<byte> line, int at)
    {
        bool negative = at < line.Length && line[at] == '-';
        int first = negative ? at + 1 : at, end = first;
        long value = 0;
        for (; end < line.Length && end < first + 18 && (uint)(line[end] - '0') <= 9; end++) value = 10 * value + (line[end] - '0');
        if (end == first || end < line.Length && line[end] != ',') return -1;
        _entries.Add(negative ? -value : value);
        return end;
    }

    private int FieldEnd(ReadOnlySpan<byte> line, int at)
    {
        int quote = at;
        while (quote < line.Length && line[quote] is (byte)' ' or (byte)'\t') quote++;
        if (quote < line.Length && line[quote] == '"')
        {
            int closing = line[(quote + 1)..].IndexOf((byte)'"');
            if (closing < 0) throw new InvalidDataException($"line {_line}: a quoted field does not end on its line");
            at = quote + 1 + closing;
        }
        int comma = line[at..].IndexOf((byte)',');
        return comma < 0 ? line.Length : at + comma;
    }

    private void ReadField(ReadOnlySpan<byte> field, int column)
    {
        ReadOnlySpan<byte> number = field.Length > 1 && field[0] == '"' && field[^1] == '"' ? field[1..^1].Trim(" \t"u8) : field;
        if (number.IsEmpty)
        {
            _entries.AddMissing();
            return;
        }
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            throw Rejected(field, column, "not a number");
        if (double.IsInfinity(value)) throw Rejected(field, column, "not a finite number");
        if (double.IsNaN(value)) _entries.AddMissing();
        else _entries.Add(value);
    }

    private InvalidDataException Rejected(ReadOnlySpan<byte> field, int column, string rule)
    {
        const int shown = 40;
        StringBuilder text = new();
        foreach (char c in Encoding.UTF8.GetString(field[..Math.Min(field.Length, shown)])) text.Append(char.IsControl(c) ? '?' : c);
        if (field.Length > shown) text.Append('…');
        bool mayBeHeader = _line == 1 && !header && rule == "not a number";
        string hint = mayBeHeader ? " (if line 1 names the columns, say so: RowFileOptions.Header, or --header in the tool)" : "";
        return new InvalidDataException($"line {_line}, column {column}: '{text}' is {rule}{hint}");
    }
}
