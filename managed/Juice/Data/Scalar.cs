using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Juice.Data;

/// <summary>The numbers that array files hold.</summary>
internal enum Scalar
{
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    UInt64,
    Int64,
    Single,
    Double,
}

/// <summary>How each of them becomes an entry of rows: the same type where rows have it, else a checked <see cref="int"/>.</summary>
internal static class Scalars
{
    public static int Size(this Scalar scalar) => scalar switch
    {
        Scalar.UInt8 or Scalar.Int8 => 1,
        Scalar.UInt16 or Scalar.Int16 => 2,
        Scalar.UInt32 or Scalar.Int32 or Scalar.Single => 4,
        _ => 8,
    };

    public static RowElement Element(this Scalar scalar) => scalar switch
    {
        Scalar.UInt8 => RowElement.Byte,
        Scalar.UInt16 => RowElement.UShort,
        Scalar.Single => RowElement.Single,
        Scalar.Double => RowElement.Double,
        _ => RowElement.Int32,
    };

    /// <summary>Whether the numbers, in the machine's byte order, are entries as they lie.</summary>
    public static bool IsEntry(this Scalar scalar) => scalar is Scalar.UInt8 or Scalar.UInt16 or Scalar.Int32 or Scalar.Single or Scalar.Double;

    public static void ReverseEndianness(this Scalar scalar, Span<byte> bytes)
    {
        switch (scalar.Size())
        {
            case 2: Reverse<ushort>(bytes, BinaryPrimitives.ReverseEndianness); break;
            case 4: Reverse<uint>(bytes, BinaryPrimitives.ReverseEndianness); break;
            case 8: Reverse<ulong>(bytes, BinaryPrimitives.ReverseEndianness); break;
        }
    }

    /// <summary>Turns numbers that are no entries into checked integers.</summary>
    /// <returns>How many were turned: all, or those before the first that an <see cref="int"/> cannot hold.</returns>
    public static int ToInt32(this Scalar scalar, ReadOnlySpan<byte> bytes, Span<int> destination) => scalar switch
    {
        Scalar.Int8 => ToInt32<sbyte>(bytes, destination),
        Scalar.Int16 => ToInt32<short>(bytes, destination),
        Scalar.UInt32 => ToInt32<uint>(bytes, destination),
        Scalar.UInt64 => ToInt32<ulong>(bytes, destination),
        Scalar.Int64 => ToInt32<long>(bytes, destination),
        _ => throw new ArgumentOutOfRangeException(nameof(scalar), scalar, "already an entry"),
    };

    public static string Describe(this Scalar scalar, ReadOnlySpan<byte> bytes) => scalar switch
    {
        Scalar.UInt32 => $"{MemoryMarshal.Read<uint>(bytes)}",
        Scalar.UInt64 => $"{MemoryMarshal.Read<ulong>(bytes)}",
        _ => $"{MemoryMarshal.Read<long>(bytes)}",
    };

    private delegate void Reversal<T>(ReadOnlySpan<T> source, Span<T> destination);

    private static void Reverse<T>(Span<byte> bytes, Reversal<T> reverse) where T : unmanaged
    {
        Span<T> words = MemoryMarshal.Cast<byte, T>(bytes);
        reverse(words, words);
    }

    private static int ToInt32<T>(ReadOnlySpan<byte> bytes, Span<int> destination) where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> numbers = MemoryMarshal.Cast<byte, T>(bytes);
        for (int i = 0; i < numbers.Length; i++)
        {
            int number = int.CreateTruncating(numbers[i]);
            if (T.CreateTruncating(number) != numbers[i] || number < 0 != T.IsNegative(numbers[i])) return i;
            destination[i] = number;
        }
        return numbers.Length;
    }
}
