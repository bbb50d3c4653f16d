using System.Runtime.CompilerServices;

namespace Juice.Docs.Tests;

/// <summary>A fenced block of a page: its language, the words behind it on the fence, its text, the line of its fence.</summary>
internal sealed record Block(string Language, string[] Words, string Text, int Line)
{
    public bool Is(string word) => Words.Contains(word);

    public string? Value(string key) => Words.FirstOrDefault(word => word.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];
}

/// <summary>A page of docs/ and its fenced blocks.</summary>
internal sealed record Page(string Name, IReadOnlyList<Block> Blocks)
{
    public static string Root { get; } = Path.GetFullPath("../../..", Path.GetDirectoryName(ThisFile())!);

    public static IEnumerable<Page> All() =>
        Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md").Order(StringComparer.Ordinal).Select(Read);

    public override string ToString() => Name;

    private static Page Read(string path)
    {
        List<Block> blocks = [];
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal)) continue;
            int begin = i++;
            while (i < lines.Length && lines[i] != "```") i++;
            if (i == lines.Length) throw new InvalidDataException($"{Path.GetFileName(path)}:{begin + 1}: the block does not end.");
            string[] words = lines[begin][3..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string language = words.Length > 0 ? words[0] : throw new InvalidDataException($"{Path.GetFileName(path)}:{begin + 1}: the block names no language.");
            blocks.Add(new(language, words[1..], string.Join('\n', lines[(begin + 1)..i]) + "\n", begin + 1));
        }
        return new(Path.GetFileName(path), blocks);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
