namespace Juice.Cli.Output;

/// <summary>Files that the tool itself writes: through a temporary one beside them, so that a crash leaves the old file or the new one.</summary>
internal static class OutputFile
{
    public static void Write(string path, Action<Stream> write)
    {
        CheckFolder(path);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);     // nothing is left of it after the move
        }
    }

    /// <summary>Finds out before the work, not after it, that a file could not be written.</summary>
    /// <exception cref="UsageException">The path's ending is another, or its folder is not there.</exception>
    public static void Check(string path, params ReadOnlySpan<string> endings)
    {
        if (!endings.Contains(Path.GetExtension(path).ToLowerInvariant()))
            throw new UsageException($"'{path}' should end in {string.Join(" or ", endings.ToArray())}.");
        CheckFolder(path);
    }

    /// <summary>The same for a file of any ending.</summary>
    public static void CheckFolder(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full)) throw new UsageException($"'{path}' is a folder; a file is to be written.");
        if (Path.GetDirectoryName(full) is { } folder && !Directory.Exists(folder))
            throw new UsageException($"There is no folder '{folder}' to write '{Path.GetFileName(path)}' to.");
    }
}
