namespace Juice.Data;

/// <summary>Writes a file through a temporary one beside it, so that a crash leaves the old file or the new one.</summary>
internal static class AtomicFile
{
    public static void Write(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new DirectoryNotFoundException($"'{path}' cannot be written: there is no folder '{Path.GetDirectoryName(full)}'.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{path}' cannot be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(temporary);     // nothing is left of it after the move
        }
    }
}
