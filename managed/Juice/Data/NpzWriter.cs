using System.IO.Compression;

namespace Juice.Data;

/// <summary>Writes rows as an NPZ file: a ZIP archive of one NPY file, named as NumPy names an array without a name.</summary>
internal static class NpzWriter
{
    private const string Entry = "arr_0.npy";

    public static void Write(Stream stream, Rows rows, CancellationToken cancellation)
    {
        using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        using Stream entry = archive.CreateEntry(Entry, CompressionLevel.Fastest).Open();
        NpyWriter.Write(entry, rows, cancellation);
    }
}
