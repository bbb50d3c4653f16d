using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Juice.Service.Tests;

/// <summary>The service as a process of its own, on 127.0.0.1 and a free port.</summary>
internal sealed partial class ServiceProcess : IDisposable
{
    private const string Announcement = "Now listening on: ";

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServiceProcess(string[] settings)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Juice.Service.dll");
        ProcessStartInfo start = new("dotnet", [program, "--urls", "http://127.0.0.1:0", .. settings])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        _process = new() { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Exited += (_, _) =>
        {
            _process.WaitForExit();     // for the last of its output
            _address.TrySetException(new InvalidOperationException($"The service ended:\n{Output}"));
        };
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Starts the service and waits until it listens.</summary>
    public static async Task<(ServiceProcess Service, Uri Address)> StartAsync(params string[] settings)
    {
        ServiceProcess service = new(settings);
        try
        {
            return (service, await service._address.Task.WaitAsync(TimeSpan.FromMinutes(3)));
        }
        catch
        {
            service.Dispose();
            throw;
        }
    }

    /// <summary>Asks the service to end, as systemd and Kubernetes do, and waits for it.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> StopAsync()
    {
        const int Terminate = 15;
        Assert.That(Kill(_process.Id, Terminate), Is.Zero);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
        int at = line.IndexOf(Announcement, StringComparison.Ordinal);
        if (at >= 0) _address.TrySetResult(new Uri(line[(at + Announcement.Length)..]));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
