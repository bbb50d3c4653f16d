using System.Runtime.InteropServices;

namespace Juice.Data;

/// <summary>
/// Reads the numbers behind the header of an array file. A header is never believed beyond the file's size: where that is known it must match,
/// and where it is not (unpacked streams) memory grows as numbers arrive.
/// </summary>
internal static class ArrayReader
{
    private const int Chunk = 1 << 18;  // numbers at a time

    public static Rows Read(PrefixedStream stream, ArrayLayout layout, RowFileOptions options, CancellationToken cancellation)
    {
        long? rest = stream.Available - stream.Position;
        if (rest < layout.Bytes) throw Truncated(layout, rest.Value);
        if (rest > layout.Bytes)
            throw new InvalidDataException($"{rest - layout.Bytes} bytes follow after the {layout.Rows} rows that the header promises");

        bool asTheyLie = layout.Scalar.IsEntry() && !MustReverse(layout);
        if (asTheyLie && layout.Bytes >= Math.Max(options.MapFrom, 1) && stream.File is { } file)
        {
            long offset = stream.Start + stream.Position;
            if (offset % layout.Scalar.Size() == 0)
            {
                MappedFile mapped = new(file, offset, layout.Bytes);
                return Rows.FromPointer(mapped.Address, layout.Rows, layout.Variables, layout.Scalar.Element(), mapped);
            }
        }
        return layout.Scalar.Element() switch
        {
            RowElement.Byte => Read<byte>(stream, layout, cancellation),
            RowElement.UShort => Read<ushort>(stream, layout, cancellation),
            RowElement.Int32 => Read<int>(stream, layout, cancellation),
            RowElement.Single => Read<float>(stream, layout, cancellation),
            _ => Read<double>(stream, layout, cancellation),
        };
    }

    private static Rows Read<T>(PrefixedStream stream, ArrayLayout layout, CancellationToken cancellation) where T : unmanaged
    {
        long total = layout.Rows * layout.Variables;
        if (total > Array.MaxLength)
        {
            throw new InvalidDataException(
                $"{total} numbers are more than are read at once ({Array.MaxLength}); an uncompressed NPY file of u1, u2, i4, f4 or f8 can be mapped");
        }

        T[] entries = new T[stream.Available is null ? Math.Min(total, Chunk) : total];
        byte[] scratch = layout.Scalar.IsEntry() ? [] : new byte[Math.Min(total, Chunk) * layout.Scalar.Size()];
        for (long filled = 0; filled < total;)
        {
            cancellation.ThrowIfCancellationRequested();
            if (filled == entries.Length) Array.Resize(ref entries, (int)Math.Min(total, 2L * entries.Length));
            Span<T> chunk = entries.AsSpan((int)filled, (int)Math.Min(Chunk, entries.Length - filled));
            ReadChunk(stream, layout, filled, chunk, scratch);
            filled += chunk.Length;
        }
        if (stream.Available is null && stream.ReadByte() >= 0)
            throw new InvalidDataException($"more bytes follow after the {layout.Rows} rows that the header promises");
        return Rows.Of((ReadOnlyMemory<T>)entries, layout.Variables);
    }

    private static void ReadChunk<T>(PrefixedStream stream, ArrayLayout layout, long first, Span<T> chunk, byte[] scratch) where T : unmanaged
    {
        Span<byte> bytes = layout.Scalar.IsEntry() ? MemoryMarshal.AsBytes(chunk) : scratch.AsSpan(0, chunk.Length * layout.Scalar.Size());
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length) throw Truncated(layout, first * layout.Scalar.Size() + read);
        if (MustReverse(layout)) layout.Scalar.ReverseEndianness(bytes);
        if (layout.Scalar.IsEntry()) return;

        int turned = layout.Scalar.ToInt32(bytes, MemoryMarshal.Cast<T, int>(chunk));
        if (turned == chunk.Length) return;
        long at = first + turned;
        string number = layout.Scalar.Describe(bytes[(turned * layout.Scalar.Size())..]);
        throw new InvalidDataException($"row {at / layout.Variables}, column {at % layout.Variables}: {number} is not a 32-bit integer");
    }

    private static bool MustReverse(ArrayLayout layout) => layout.BigEndian == BitConverter.IsLittleEndian && layout.Scalar.Size() > 1;

    private static InvalidDataException Truncated(ArrayLayout layout, long bytes) => new(
        $"the file is cut off: its header promises {layout.Rows} rows of {layout.Variables} variables in {layout.Bytes} bytes, {bytes} are there");
}
