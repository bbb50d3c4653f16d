using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Juice.Docs.Tests;

/// <summary>
/// Does what a page's reader does, in an empty folder, block by block:
/// <list type="bullet">
/// <item><c>csharp</c>: blocks with only prose between them are one program, which is compiled and run; with the word <c>service</c> it is started
/// and goes on until the page ends, at the address that the page's commands name, <c>http://localhost:5000</c>;</item>
/// <item><c>sh</c>: run by bash, with <c>juice</c> on the path; <c>c</c>: compiled against juice.h, linked with the library and run;</item>
/// <item><c>file=NAME</c> on a block of any language: written to that file instead;</item>
/// <item><c>text</c> behind a program or command: what it must have printed, line by line, where … stands for anything. With the word
/// <c>picture</c> it is a figure in letters, and nobody's output.</item>
/// </list>
/// A block of any other language fails the page: nothing in docs/ goes untried.
/// </summary>
internal sealed class Reader(Page page) : IDisposable
{
    private static readonly string s_bin = AppContext.BaseDirectory;

    private readonly string _folder = Directory.CreateTempSubdirectory("juice-docs-").FullName;
    private readonly StringBuilder _program = new();
    private Block? _programBegin;
    private Process? _service;
    private string _address = "";
    private string? _printed;
    private readonly List<string> _assemblies = [];

    public void Read()
    {
        string juice = string.Join(' ', Hosted(Path.Combine(s_bin, "Juice.Cli.dll")).Select(word => $"'{word}'"));
        File.WriteAllText(Path.Combine(_folder, "juice"), $"#!/bin/sh\nexec dotnet {juice} \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(_folder, "juice"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        foreach (Block block in page.Blocks)
        {
            if (block.Language == "csharp" && block.Value("file") is null)
            {
                _programBegin ??= block;
                _program.Append($"#line {block.Line + 1} \"{page.Name}\"\n").Append(block.Text);
                continue;
            }
            RunProgram();
            Do(block);
        }
        RunProgram();
    }

    public void Dispose()
    {
        if (_service is not null)
        {
            _service.Kill(entireProcessTree: true);
            _service.WaitForExit();
            _service.Dispose();
        }
        _assemblies.ForEach(File.Delete);
        Directory.Delete(_folder, recursive: true);
    }

    private void Do(Block block)
    {
        if (block.Value("file") is string name)
        {
            File.WriteAllText(Path.Combine(_folder, name), block.Text);
            return;
        }
        switch (block.Language)
        {
            case "sh":
                _printed = Run(block, "bash", ["-euo", "pipefail", "-c", block.Text.Replace("http://localhost:5000", _address, StringComparison.Ordinal)]);
                break;
            case "c":
                RunC(block);
                break;
            case "text":
                if (!block.Is("picture")) Compare(block);
                break;
            default:
                Assert.Fail($"{Place(block)}: nobody knows how to try a block of '{block.Language}'.");
                break;
        }
    }

    private void RunProgram()
    {
        if (_programBegin is not Block begin) return;
        // Beside the libraries: a program's own folder is where the host looks for what its deps file names.
        string assembly = Path.Combine(s_bin, $"page-{Guid.NewGuid():N}.dll");
        _assemblies.Add(assembly);
        CSharp.Compile(_program.ToString(), begin.Is("service"), assembly);
        _programBegin = null;
        _program.Clear();
        string[] arguments = Hosted(assembly);
        if (begin.Is("service")) StartService(begin, arguments);
        else _printed = Run(begin, "dotnet", arguments);
    }

    // A program that finds what these tests find, ASP.NET included.
    private static string[] Hosted(string assembly) =>
    [
        "exec", "--runtimeconfig", Path.Combine(s_bin, "Juice.Docs.Tests.runtimeconfig.json"),
        "--depsfile", Path.Combine(s_bin, "Juice.Docs.Tests.deps.json"), assembly,
    ];

    private void RunC(Block block)
    {
        string source = Path.Combine(_folder, "page.c"), program = Path.Combine(_folder, "page");
        File.WriteAllText(source, block.Text);
        Run(block, "cc", ["-std=c11", "-Wall", "-Wextra", "-Werror", "-I", Path.Combine(Page.Root, "native", "include"), source, "-o", program,
            "-L", s_bin, "-ljuice", "-lm", $"-Wl,-rpath,{s_bin}"]);
        _printed = Run(block, program, []);
    }

    private void StartService(Block block, string[] arguments)
    {
        using (TcpListener listener = new(IPAddress.Loopback, 0))
        {
            listener.Start();
            _address = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        }
        Process service = _service = Process.Start(Start("dotnet", arguments))!;
        StringBuilder said = new();
        service.OutputDataReceived += (_, line) => { lock (said) said.AppendLine(line.Data); };
        service.ErrorDataReceived += (_, line) => { lock (said) said.AppendLine(line.Data); };
        service.BeginOutputReadLine();
        service.BeginErrorReadLine();
        for (Stopwatch clock = Stopwatch.StartNew(); ; Thread.Sleep(50))
        {
            lock (said)
            {
                if (said.ToString().Contains("Application started", StringComparison.Ordinal)) return;
                if (service.HasExited || clock.Elapsed > TimeSpan.FromMinutes(2)) Assert.Fail($"{Place(block)}: the service did not start:\n{said}");
            }
        }
    }

    private string Run(Block block, string program, string[] arguments)
    {
        using Process process = Process.Start(Start(program, arguments))!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(4)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{Place(block)}: not done after 4 minutes.");
        }
        string printed = output.GetAwaiter().GetResult();
        Assert.That(process.ExitCode, Is.Zero, $"{Place(block)}:\n{block.Text}\n{printed}\n{errors.GetAwaiter().GetResult()}");
        return printed;
    }

    private ProcessStartInfo Start(string program, string[] arguments) => new(program, arguments)
    {
        WorkingDirectory = _folder,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment =
        {
            ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}",
            ["ASPNETCORE_URLS"] = _address,
            ["JUICE_NATIVE_PATH"] = s_bin,
            ["NO_COLOR"] = "1",
        },
    };

    // A line of the page where … stands for anything, against the line that was printed.
    private void Compare(Block block)
    {
        Assert.That(_printed, Is.Not.Null, $"{Place(block)}: there is nothing before this that printed.");
        string[] want = Lines(block.Text), got = Lines(_printed!);
        bool same = want.Length == got.Length && want.Zip(got).All(pair =>
            Regex.IsMatch(pair.Second, "^" + Regex.Escape(pair.First).Replace("…", ".*", StringComparison.Ordinal) + "$"));
        Assert.That(same, $"{Place(block)}: the page says\n{block.Text}\nand it printed\n{_printed}");
    }

    private static string[] Lines(string text) => [.. text.Trim().Split('\n').Select(line => line.TrimEnd())];

    private string Place(Block block) => $"{page.Name}:{block.Line}";
}
