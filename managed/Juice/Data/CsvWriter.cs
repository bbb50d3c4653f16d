using System.Globalization;

namespace Juice.Data;

/// <summary>Writes rows as comma-separated numbers that read back as they were; a missing entry is an empty field.</summary>
internal static class CsvWriter
{
    private const int LongestNumber = 32;

    public static void Write(Stream stream, Rows rows, CancellationToken cancellation)
    {
        byte[] line = new byte[checked(rows.Variables * (LongestNumber + 1))];
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellation))
        {
            ReadOnlySpan<double> entries = chunks.Entries;
            for (int row = 0; row < chunks.Count; row++)
            {
                int length = 0;
                foreach (double entry in entries.Slice(row * rows.Variables, rows.Variables))
                {
                    if (!double.IsNaN(entry)) length += Format(entry, rows.ElementType, line.AsSpan(length));
                    line[length++] = (byte)',';
                }
                line[length - 1] = (byte)'\n';
                stream.Write(line, 0, length);
            }
        }
    }

    private static int Format(double entry, RowElement element, Span<byte> destination)
    {
        // The shortest text that reads back as the same float is not the one that reads back as the same double.
        bool fits = element == RowElement.Single
            ? ((float)entry).TryFormat(destination, out int length, default, CultureInfo.InvariantCulture)
            : entry.TryFormat(destination, out length, default, CultureInfo.InvariantCulture);
        return fits ? length : throw new InvalidOperationException($"{entry} takes more than {LongestNumber} characters");
    }
}
