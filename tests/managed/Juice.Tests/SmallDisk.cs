using System.Diagnostics;

namespace Juice.Tests;

/// <summary>A file system of its own that is soon full, unmounted when it is disposed of.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private SmallDisk()
    {
    }

    public string Path => _folder.Path;

    /// <summary>Null where this process may not mount one.</summary>
    public static SmallDisk? Mount(int kilobytes)
    {
        SmallDisk disk = new();
        if (OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", disk.Path)) return disk;
        disk._folder.Dispose();
        return null;
    }

    /// <summary>Writes a file that takes all the room that there is.</summary>
    public static void Fill(string file)
    {
        using FileStream filler = new(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            while (true) filler.Write(page);
        }
        catch (IOException)
        {
            // That is what was wanted.
        }
    }

    public void Dispose()
    {
        Run("umount", "-l", Path);
        _folder.Dispose();
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;       // there is no such program
        }
    }
}
