namespace Juice.Data;

/// <summary>The user's folder for what can be downloaded again: <c>$XDG_CACHE_HOME/juice</c>, or what the system has in its place.</summary>
internal static class DataCache
{
    public static string Folder => Path.Combine(Base, "juice");

    private static string Base
    {
        get
        {
            // A relative path there is to be ignored, says the XDG base directory specification.
            if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named && Path.IsPathFullyQualified(named)) return named;
            if (OperatingSystem.IsWindows()) return Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache");
        }
    }
}
