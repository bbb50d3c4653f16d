namespace Juice.Extensions.DependencyInjection;

/// <summary>
/// By what a changed file is known: looked at rather than heard of, because notifications do not reach network and container file systems. Links
/// are followed. A file that is not there, or not to be looked at, has a stamp, too: reading it will say what is wrong.
/// </summary>
internal readonly record struct FileStamp(string Target, long Length, DateTime LastWrite)
{
    public static FileStamp Of(string path)
    {
        try
        {
            FileInfo file = new(path);
            if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
            return file.Exists ? new(file.FullName, file.Length, file.LastWriteTimeUtc) : Absent(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Absent(path);
        }
    }

    private static FileStamp Absent(string path) => new(path, Length: -1, LastWrite: default);
}
