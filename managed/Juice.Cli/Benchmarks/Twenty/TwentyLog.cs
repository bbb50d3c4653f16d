using System.Text.Json;

namespace Juice.Cli.Benchmarks.Twenty;

/// <summary>A file with a JSON object a line for every run that is done, so that hours of work are not done again.</summary>
internal sealed class TwentyLog(string? path)
{
    private readonly List<TwentyRun> _runs = path is not null && File.Exists(path) ? [.. File.ReadLines(path).Select(Read).OfType<TwentyRun>()] : [];

    /// <summary>The run that there is already; null where there is none.</summary>
    public TwentyRun? Find(string set, ulong seed, TwentySetting setting) =>
        _runs.Find(run => run.Set == set && run.Seed == seed && run.Setting == setting);

    public void Add(TwentyRun run)
    {
        _runs.Add(run);
        if (path is not null) File.AppendAllText(path, JsonSerializer.Serialize(run) + "\n");
    }

    // A line that a crash cut off, or that is something else, is a run that is not there.
    private static TwentyRun? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<TwentyRun>(line) is { Set: not null, Setting: not null } run ? run : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
