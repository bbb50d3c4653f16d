using System.CommandLine;

namespace Juice.Cli.Options;

/// <summary>A command line as text that can be typed again.</summary>
internal static class CommandText
{
    /// <summary>What was typed, but that files go by their names alone: folders are the business of whoever typed it.</summary>
    public static string Of(ParseResult parsed) =>
        string.Join(' ', parsed.Tokens.Select(token => Quote(WithoutFolder(token.Value))).Prepend("juice"));

    private static string WithoutFolder(string token)
    {
        string trimmed = Path.TrimEndingDirectorySeparator(token);
        return trimmed.AsSpan().ContainsAny(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar) ? Path.GetFileName(trimmed) : token;
    }

    private static string Quote(string token) =>
        token.Length > 0 && token.All(IsPlain) ? token : $"'{token.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool IsPlain(char c) => char.IsLetterOrDigit(c) || "-_.,:=+%@/\\".Contains(c, StringComparison.Ordinal);
}
