using System.Buffers.Binary;

namespace Juice.Data;

/// <summary>The header of an IDX file (MNIST's format): two zeros, the type, the number of axes, then each axis as a big-endian 32-bit
/// number.</summary>
internal static class IdxHeader
{
    public static ArrayLayout Read(Stream stream)
    {
        Span<byte> magic = stackalloc byte[4];
        if (stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) < 4) throw new InvalidDataException("the IDX header is cut off");
        Scalar scalar = magic[2] switch
        {
            0x08 => Scalar.UInt8,
            0x09 => Scalar.Int8,
            0x0B => Scalar.Int16,
            0x0C => Scalar.Int32,
            0x0D => Scalar.Single,
            0x0E => Scalar.Double,
            byte other => throw new InvalidDataException($"0x{other:x2} is not an IDX type"),
        };
        Span<byte> extents = stackalloc byte[4 * magic[3]];
        if (stream.ReadAtLeast(extents, extents.Length, throwOnEndOfStream: false) < extents.Length)
            throw new InvalidDataException($"the IDX header is cut off: it promises {magic[3]} axes");
        Span<long> shape = stackalloc long[magic[3]];
        for (int i = 0; i < shape.Length; i++) shape[i] = BinaryPrimitives.ReadUInt32BigEndian(extents[(4 * i)..]);
        return ArrayLayout.Of(scalar, bigEndian: true, shape);
    }
}
