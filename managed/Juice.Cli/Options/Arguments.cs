using System.CommandLine;

namespace Juice.Cli.Options;

/// <summary>Arguments that several commands share.</summary>
internal static class Arguments
{
    public static Argument<string> Model() => new("MODEL") { Description = "The model file (.juice)." };

    public static Option<string> RequiredData(string description) => new("--data") { Description = description, HelpName = "DATA", Required = true };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object instead of text." };
}
