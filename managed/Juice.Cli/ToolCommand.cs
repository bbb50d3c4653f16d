using System.CommandLine;

namespace Juice.Cli;

/// <summary>A command of the tool, with examples for its help.</summary>
internal sealed class ToolCommand(string name, string description) : Command(name, description)
{
    /// <summary>Whole command lines.</summary>
    public required IReadOnlyList<string> Examples { get; init; }
}
