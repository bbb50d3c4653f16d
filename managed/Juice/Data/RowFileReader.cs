using System.IO.Compression;

namespace Juice.Data;

/// <summary>Tells the formats apart by their first bytes and hands over to the reader of each.</summary>
internal static class RowFileReader
{
    private const int LongestMagic = 6;

    private static ReadOnlySpan<byte> Gzip => [0x1f, 0x8b];

    private static ReadOnlySpan<byte> Zip => [(byte)'P', (byte)'K', 3, 4];

    private static ReadOnlySpan<byte> EmptyZip => [(byte)'P', (byte)'K', 5, 6];

    public static Rows Read(Stream stream, RowFileOptions options, CancellationToken cancellation) =>
        Unpack(stream, file => ReadUnpacked(file, options, cancellation));

    /// <summary>Does something with a stream's bytes, unpacked where they are gzipped.</summary>
    public static T Unpack<T>(Stream stream, Func<PrefixedStream, T> use)
    {
        PrefixedStream file = new(stream, LongestMagic);
        if (!file.Prefix.StartsWith(Gzip)) return use(file);
        using GZipStream unpacked = new(file, CompressionMode.Decompress, leaveOpen: true);
        return use(new PrefixedStream(unpacked, LongestMagic));
    }

    private static Rows ReadUnpacked(PrefixedStream file, RowFileOptions options, CancellationToken cancellation)
    {
        if (file.Prefix.StartsWith(NpyHeader.Magic)) return ArrayReader.Read(file, NpyHeader.Read(file), options, cancellation);
        if (file.Prefix.StartsWith(Zip) || file.Prefix.StartsWith(EmptyZip)) return NpzReader.Read(file, options, cancellation);
        // An IDX file opens with two zero bytes, which no text does.
        if (file.Prefix.StartsWith("\0\0"u8)) return ArrayReader.Read(file, IdxHeader.Read(file), options, cancellation);
        if (options.Schema is { } schema) return schema.ReadText(file, cancellation);
        return new CsvReader(file, options.Header, cancellation).Read();
    }
}
