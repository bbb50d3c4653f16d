using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Juice.Cli;

/// <summary>The usual help text, with the command's examples below it.</summary>
internal sealed class ExampleHelp(HelpAction usual) : SynchronousCommandLineAction
{
    private static readonly string[] s_forRoot =
    [
        "juice train hclt --data fashion-mnist --latents 64 --out m.juice",
        "juice evaluate m.juice --data fashion-mnist",
        "juice train --help",
    ];

    public override int Invoke(ParseResult parseResult)
    {
        int code = usual.Invoke(parseResult);
        Command command = parseResult.CommandResult.Command;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in command is ToolCommand tool ? tool.Examples : s_forRoot) output.WriteLine($"  {example}");
        output.WriteLine();
        return code;
    }

    /// <summary>The command as it is typed: <c>juice train</c>.</summary>
    public static string FullName(Command command) => string.Join(' ', command.Parents.OfType<Command>().Select(FullName).Append(command.Name));
}
