using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Juice;

public sealed partial class Rows
{
    internal RowStorage? Storage => _storage;

    /// <summary>Copies rows out as numbers, NaN for missing entries.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="destination">Gets whole rows, <c>[n, Variables]</c>; its length says how many.</param>
    /// <exception cref="ArgumentException">The destination does not hold whole rows, or more than there are.</exception>
    public void CopyTo(long start, Span<double> destination)
    {
        if (destination.Length % Variables != 0)
            throw new ArgumentException($"{destination.Length} entries do not make whole rows of {Variables} variables.", nameof(destination));
        int count = destination.Length / Variables;
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        if (start > Count - count)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"{count} rows from row {start} on are not within the {Count} rows.");
        if (count == 0) return;

        if (IsSource) CopySource(start, count, destination);
        else CopyMemory(start, destination);

        if (!Missing.IsEmpty)
        {
            ReadOnlySpan<byte> mask = Missing.Span.Slice((int)(start * Variables), destination.Length);
            for (int i = 0; i < mask.Length; i++)
                if (mask[i] != 0)
                    destination[i] = double.NaN;
        }
        if (Sentinel is double sentinel) destination.Replace(sentinel, double.NaN);
    }

    /// <summary>What the native side's callback asks for: numbers of these rows to numbers of the source's.</summary>
    internal void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
    {
        if (_sourceStart == 0)
        {
            _source!.Fetch(indices, destination, missing);
            return;
        }
        long[] shifted = ArrayPool<long>.Shared.Rent(indices.Length);
        TensorPrimitives.Add(indices, _sourceStart, shifted);
        try
        {
            _source!.Fetch(shifted.AsSpan(0, indices.Length), destination, missing);
        }
        finally
        {
            ArrayPool<long>.Shared.Return(shifted);
        }
    }

    private unsafe void CopyMemory(long start, Span<double> destination)
    {
        using MemoryHandle data = _storage!.Pin();
        long size = (long)Variables * ElementType.Size();
        if (Places.IsEmpty)
        {
            Convert(ElementType, new ReadOnlySpan<byte>((byte*)data.Pointer + start * size, checked(destination.Length * ElementType.Size())), destination);
            return;
        }
        foreach (long place in Places.Span.Slice((int)start, destination.Length / Variables))
        {
            Convert(ElementType, new ReadOnlySpan<byte>((byte*)data.Pointer + place * size, checked((int)size)), destination[..Variables]);
            destination = destination[Variables..];
        }
    }

    private void CopySource(long start, int count, Span<double> destination)
    {
        long[] indices = new long[count];
        for (int i = 0; i < count; i++) indices[i] = start + i;
        byte[] values = new byte[checked(destination.Length * ElementType.Size())], missing = new byte[destination.Length];
        Fetch(indices, values, missing);
        Convert(ElementType, values, destination);
        for (int i = 0; i < missing.Length; i++)
            if (missing[i] != 0)
                destination[i] = double.NaN;
    }

    private static void Convert(RowElement element, ReadOnlySpan<byte> values, Span<double> destination)
    {
        switch (element)
        {
            case RowElement.Byte: Convert<byte>(values, destination); break;
            case RowElement.UShort: Convert<ushort>(values, destination); break;
            case RowElement.Int32: Convert<int>(values, destination); break;
            case RowElement.Single: Convert<float>(values, destination); break;
            default: Convert<double>(values, destination); break;
        }
    }

    private static void Convert<T>(ReadOnlySpan<byte> values, Span<double> destination) where T : unmanaged, INumberBase<T> =>
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, T>(values), destination);
}
