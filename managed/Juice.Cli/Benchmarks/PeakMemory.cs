using System.Diagnostics;

namespace Juice.Cli.Benchmarks;

/// <summary>The most memory that this process had at a time.</summary>
internal static class PeakMemory
{
    private const string ClearRefs = "/proc/self/clear_refs";

    /// <summary>Begins to count anew, where the system can: on Linux.</summary>
    public static bool Reset()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            File.WriteAllText(ClearRefs, "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Bytes, since the last <see cref="Reset"/> that succeeded, else since the process began.</summary>
    public static long Read()
    {
        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
