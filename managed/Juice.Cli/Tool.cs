using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Juice.Cli.Commands;

namespace Juice.Cli;

/// <summary>The tool as a function: arguments in, exit code out. Results go to standard output, everything else to standard error.</summary>
internal static class Tool
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int BadUsage = 2;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation = default)
    {
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
        int code = await RunCommandAsync(arguments, terminal, cancellation);
        await terminal.Out.FlushAsync(CancellationToken.None);
        await terminal.Error.FlushAsync(CancellationToken.None);
        return code;
    }

    /// <summary>What the tool understands of arguments, without doing it.</summary>
    public static ParseResult Parse(IReadOnlyList<string> arguments) =>
        CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, ErrorIsInteractive: false)).Parse(arguments);

    private static async Task<int> RunCommandAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation)
    {
        ParseResult parsed = CreateRoot(terminal).Parse(arguments);
        if (parsed.Errors.Count > 0 && parsed.Action is not ExampleHelp)
        {
            Command command = parsed.CommandResult.Command;
            terminal.Complain(WhatIsWrong(parsed, command));
            terminal.Error.WriteLine($"Try '{ExampleHelp.FullName(command)} --help'.");
            return BadUsage;
        }
        InvocationConfiguration configuration = new()
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            terminal.Complain("stopped");
            return Failure;
        }
        catch (UsageException e)
        {
            terminal.Complain(e.Message);
            return BadUsage;
        }
#pragma warning disable CA1031 // Whatever went wrong, the user gets a sentence and the exit code of a failed run, not a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            terminal.Complain(Sentences.Of(e));
            return Failure;
        }
    }

    private static string WhatIsWrong(ParseResult parsed, Command command) => parsed switch
    {
        { UnmatchedTokens: [string token, ..] } when command.Subcommands.Count > 0 && !token.StartsWith('-') => $"there is no command '{token}', but {Names(command)}",
        { UnmatchedTokens: [string token, ..] } => $"'{token}' is nothing that 'juice {command.Name}' takes",
        _ when command.Subcommands.Count > 0 && command.Action is null => $"name a command: {Names(command)}",
        _ => parsed.Errors[0].Message,
    };

    private static string Names(Command command) => string.Join(", ", command.Subcommands.Select(sub => sub.Name));

    private static Command CreateRoot(Terminal terminal)
    {
        HelpOption help = new();
        help.Action = new ExampleHelp((HelpAction)help.Action!);
        return new Command("juice", "Juice trains and queries probabilistic circuits.")
        {
            TrainCommand.Create(terminal),
            EvaluateCommand.Create(terminal),
            LogLikelihoodCommand.Create(terminal),
            SampleCommand.Create(terminal),
            PictureCommand.Create(terminal),
            ReportCommand.Create(terminal),
            InspectCommand.Create(terminal),
            SparsifyCommand.Create(terminal),
            ConvertCommand.Create(),
            DataCommand.Create(terminal),
            DevicesCommand.Create(terminal),
            BenchCommand.Create(terminal),
            help,
            new VersionOption(),
        };
    }
}
