using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;

namespace Juice.Data;

/// <summary>Writes rows as an NPY file, version 1. A missing entry of a floating-point type is NaN; integers have no sign for it.</summary>
internal static class NpyWriter
{
    private const int Alignment = 64;   // of the first number, as NumPy aligns it

    public static void Write(Stream stream, Rows rows, CancellationToken cancellation)
    {
        stream.Write(Header(rows));
        switch (rows.ElementType)
        {
            case RowElement.Byte: WriteEntries<byte>(stream, rows, cancellation); break;
            case RowElement.UShort: WriteEntries<ushort>(stream, rows, cancellation); break;
            case RowElement.Int32: WriteEntries<int>(stream, rows, cancellation); break;
            case RowElement.Single: WriteEntries<float>(stream, rows, cancellation); break;
            case RowElement.Double: WriteEntries<double>(stream, rows, cancellation); break;
        }
    }

    private static void WriteEntries<T>(Stream stream, Rows rows, CancellationToken cancellation) where T : unmanaged, INumberBase<T>
    {
        T[] entries = [];
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellation))
        {
            if (!rows.ElementType.IsFloatingPoint()) RejectMissing(rows, chunks);
            if (entries.Length < chunks.Entries.Length) entries = new T[chunks.Entries.Length];
            Span<T> converted = entries.AsSpan(0, chunks.Entries.Length);
            TensorPrimitives.ConvertTruncating(chunks.Entries, converted);
            stream.Write(MemoryMarshal.AsBytes(converted));
        }
    }

    private static void RejectMissing(Rows rows, RowChunks chunks)
    {
        int at = chunks.Entries.IndexOfAnyExceptInRange(double.MinValue, double.MaxValue);
        if (at < 0) return;
        long row = chunks.First + at / rows.Variables;
        throw new ArgumentException(
            $"Row {row}, column {at % rows.Variables} is missing, which an NPY file of integers cannot say; write .csv instead.");
    }

    private static byte[] Header(Rows rows)
    {
        char order = BitConverter.IsLittleEndian ? '<' : '>';
        string type = rows.ElementType switch
        {
            RowElement.Byte => "|u1",
            RowElement.UShort => $"{order}u2",
            RowElement.Int32 => $"{order}i4",
            RowElement.Single => $"{order}f4",
            _ => $"{order}f8",
        };
        string text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({rows.Count}, {rows.Variables}), }}";
        int start = NpyHeader.Magic.Length + 4;
        int length = (start + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[length];
        header.AsSpan().Fill((byte)' ');
        NpyHeader.Magic.CopyTo(header);
        header[6] = 1;
        header[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)(length - start));
        Encoding.ASCII.GetBytes(text, header.AsSpan(start));
        header[^1] = (byte)'\n';
        return header;
    }
}
