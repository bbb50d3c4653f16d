namespace Juice.Cli.Output;

/// <summary>Lines of cells below heads: the first column begins on the left, all others end on the right.</summary>
internal sealed class TextTable(params string[] heads)
{
    private const string Gap = "  ";

    private readonly List<string[]> _lines = [heads];

    public void Add(params string[] cells) => _lines.Add(cells);

    public void Write(TextWriter output)
    {
        int[] widths = [.. Enumerable.Range(0, heads.Length).Select(column => _lines.Max(line => line[column].Length))];
        foreach (string[] line in _lines)
            output.WriteLine(string.Join(Gap, line.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))));
    }
}
