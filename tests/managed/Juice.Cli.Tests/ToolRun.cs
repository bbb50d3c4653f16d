using System.Diagnostics;
using System.Text.Json;

namespace Juice.Cli.Tests;

/// <summary>What one run of the tool came to.</summary>
internal sealed record ToolRun(int ExitCode, string Out, string Error)
{
    /// <summary>Standard output, line by line.</summary>
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Standard output, where it is one JSON value.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>Runs the tool in this process.</summary>
    public static ToolRun InProcess(params string[] arguments) => InProcess(CancellationToken.None, arguments);

    public static ToolRun InProcess(CancellationToken cancellation, params string[] arguments)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = Tool.RunAsync(arguments, new Terminal(output, error, ErrorIsInteractive: false), cancellation).GetAwaiter().GetResult();
        return new(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs the tool in this process and expects it to do well.</summary>
    public static ToolRun Well(params string[] arguments)
    {
        ToolRun run = InProcess(arguments);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        return run;
    }

    /// <summary>Starts the tool as a program.</summary>
    public static Process Start(params string[] arguments) => StartProgram("dotnet", ["exec", typeof(Tool).Assembly.Location, .. arguments]);

    /// <summary>Starts the tool as a program in a shell that has run a line before, to set its limits.</summary>
    public static Process StartAfter(string shellLine, params string[] arguments) => StartProgram(
        "bash", ["-c", $"{shellLine}; exec dotnet exec \"$0\" \"$@\"", typeof(Tool).Assembly.Location, .. arguments]);

    private static Process StartProgram(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    /// <summary>Runs the tool as a program, to its end.</summary>
    public static ToolRun AsProgram(string input, params string[] arguments)
    {
        using Process process = Start(arguments);
        return ToEnd(process, input);
    }

    /// <summary>Waits for a program's end.</summary>
    public static ToolRun ToEnd(Process process, string input = "")
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return new(process.ExitCode, output.Result, error.Result);
    }
}
