using System.IO.Compression;

namespace Juice.Data;

/// <summary>An NPZ file: a ZIP archive of NPY files.</summary>
internal static class NpzReader
{
    public static Rows Read(PrefixedStream file, RowFileOptions options, CancellationToken cancellation)
    {
        using ZipArchive archive = new(Seekable(file), ZipArchiveMode.Read, leaveOpen: true);
        string? name = options.Array;
        ZipArchiveEntry? entry = name is null
            ? archive.Entries.FirstOrDefault(e => e.Name.EndsWith(".npy", StringComparison.Ordinal))
            : archive.GetEntry(name) ?? archive.GetEntry(name + ".npy");
        if (entry is null)
            throw new InvalidDataException(
                name is null ? "the archive holds no array" : $"the archive holds no array '{name}'; it holds {Names(archive)}");
        using Stream unpacked = entry.Open();
        PrefixedStream array = new(unpacked, NpyHeader.Magic.Length);
        if (!array.Prefix.StartsWith(NpyHeader.Magic)) throw new InvalidDataException($"'{entry.FullName}' in the archive is not an NPY file");
        return ArrayReader.Read(array, NpyHeader.Read(array), options, cancellation);
    }

    // The directory of an archive stands at its end. What cannot seek is read whole, first; the archive itself is the bound.
    private static Stream Seekable(PrefixedStream file)
    {
        if (file.File is { CanSeek: true } seekable && file.Start == 0)
        {
            seekable.Position = 0;
            return seekable;
        }
        MemoryStream copy = new();
        file.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }

    private static string Names(ZipArchive archive)
    {
        const int shown = 8;
        if (archive.Entries.Count == 0) return "nothing";
        string names = string.Join(", ", archive.Entries.Take(shown).Select(entry => $"'{entry.FullName}'"));
        return archive.Entries.Count > shown ? names + ", …" : names;
    }
}
