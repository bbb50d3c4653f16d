namespace Juice.Cli.Output;

/// <summary>Lines of a name and a value, the values below each other.</summary>
internal sealed class Facts
{
    private const int Indent = 2;
    private const int Gap = 2;

    private readonly List<(string Name, string? Value)> _lines = [];

    /// <summary>A heading; what follows stands below it.</summary>
    public Facts Heading(string text)
    {
        _lines.Add((text, null));
        return this;
    }

    public Facts Add(string name, string value)
    {
        _lines.Add((name, value));
        return this;
    }

    public Facts Add(string name, long value) => Add(name, Units.Count(value));

    public void Write(TextWriter output)
    {
        bool indented = _lines.Any(line => line.Value is null);
        int width = _lines.Where(line => line.Value is not null).Select(line => line.Name.Length).DefaultIfEmpty().Max() + Gap;
        foreach ((string name, string? value) in _lines)
            output.WriteLine(value is null ? name : $"{new string(' ', indented ? Indent : 0)}{name.PadRight(width)}{value}");
    }
}
