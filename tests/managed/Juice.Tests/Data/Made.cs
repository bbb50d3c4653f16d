using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Juice.Tests.Data;

/// <summary>Files of rows made by hand, byte by byte.</summary>
internal static class Made
{
    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Gzip(byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest)) gzip.Write(content);
        return packed.ToArray();
    }

    public static byte[] Npy(string type, string shape, byte[] data, byte version = 1, string order = "False")
    {
        string header = $"{{'descr': '{type}', 'fortran_order': {order}, 'shape': {shape}, }}\n";
        byte[] length = new byte[version == 1 ? 2 : 4];
        if (version == 1) BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)header.Length);
        else BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)header.Length);
        return [0x93, .. Text("NUMPY"), version, 0, .. length, .. Text(header), .. data];
    }

    public static byte[] Idx(byte type, uint[] shape, byte[] data)
    {
        byte[] extents = new byte[4 * shape.Length];
        for (int i = 0; i < shape.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(extents.AsSpan(4 * i), shape[i]);
        return [0, 0, type, (byte)shape.Length, .. extents, .. data];
    }

    public static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        using MemoryStream packed = new();
        using (ZipArchive archive = new(packed, ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }
        return packed.ToArray();
    }

    public static byte[] Bytes<T>(params T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>The numbers with the bytes of each turned round: big-endian on the machines that this runs on.</summary>
    public static byte[] Reversed<T>(params T[] values) where T : unmanaged
    {
        byte[] bytes = Bytes(values);
        int size = bytes.Length / values.Length;
        for (int i = 0; i < bytes.Length; i += size) bytes.AsSpan(i, size).Reverse();
        return bytes;
    }

    /// <summary>All entries as numbers, NaN for missing.</summary>
    public static double[] Entries(this Rows rows)
    {
        double[] entries = new double[rows.Count * rows.Variables];
        rows.CopyTo(0, entries);
        return entries;
    }
}
