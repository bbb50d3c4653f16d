using System.IO.Compression;

namespace Juice.Data;

/// <summary>Tells the formats apart by their first bytes and hands over to the reader of each.</summary>
internal static class RowFileReader
{
    private const int LongestMagic = 6;

    private static ReadOnlySpan<byte> Gzip => [0x1f, 0x8b];

    private static ReadOnlySpan<byte> Zip => [(byte)'P', (byte)'K', 3, 4];

    private static ReadOnlySpan<byte> EmptyZip => [(byte)'P', (byte)'K', 5, 6];

    public static Rows Read(Stream stream, RowFileOptions options, CancellationToken cancellation)
    {
        PrefixedStream file = new(stream, LongestMagic);
        if (!file.Prefix.StartsWith(Gzip)) return ReadUnpacked(file, options, cancellation);
        using GZipStream unpacked = new(file, CompressionMode.Decompress, leaveOpen: true);
        return ReadUnpacked(new PrefixedStream(unpacked, LongestMagic), options, cancellation);
    }

    private static Rows ReadUnpacked(PrefixedStream file, RowFileOptions options, CancellationToken cancellation)
    {
        if (file.Prefix.StartsWith(NpyHeader.Magic)) return ArrayReader.Read(file, NpyHeader.Read(file), options, cancellation);
        if (file.Prefix.StartsWith(Zip) || file.Prefix.StartsWith(EmptyZip)) return NpzReader.Read(file, options, cancellation);
        // An IDX file opens with two zero bytes, which no text does.
        if (file.Prefix.StartsWith("\0\0"u8)) return ArrayReader.Read(file, IdxHeader.Read(file), options, cancellation);
        return new CsvReader(file, options.Header, cancellation).Read();
    }
}
