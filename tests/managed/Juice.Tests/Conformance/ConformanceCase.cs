using System.Globalization;
using System.Text.Json;

namespace Juice.Tests;

/// <summary>One of the circuits with known answers in tests/conformance.</summary>
public sealed class ConformanceCase(string name)
{
    private static readonly string s_folder = Repository.PathTo("tests", "conformance");

    private readonly Lazy<JsonElement> _answers = new(() => JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, name + ".json"))).RootElement);

    public static IReadOnlyList<ConformanceCase> All { get; } =
        [.. Directory.GetFiles(s_folder, "case*.juice").Order(StringComparer.Ordinal).Select(Path.GetFileNameWithoutExtension).Select(name => new ConformanceCase(name!))];

    public Rows Rows => ReadRows(name + ".csv");

    public Rows MissingRows => ReadRows(name + ".missing.csv");

    public Circuit LoadCircuit() => Circuit.Load(Path.Combine(s_folder, name + ".juice"));

    public bool Has(string key) => _answers.Value.TryGetProperty(key, out _);

    public JsonElement this[string key] => _answers.Value.GetProperty(key);

    /// <summary>All numbers of an answer, row by row; null is −∞.</summary>
    public static double[] Numbers(JsonElement answer) => answer.ValueKind switch
    {
        JsonValueKind.Array => [.. answer.EnumerateArray().SelectMany(Numbers)],
        JsonValueKind.Null => [double.NegativeInfinity],
        _ => [answer.GetDouble()],
    };

    public override string ToString() => name;

    private static Rows ReadRows(string file)
    {
        double[][] rows = [.. File.ReadLines(Path.Combine(s_folder, file)).Select(line => line.Split(',').Select(Entry).ToArray())];
        return Rows.Of(rows);
    }

    private static double Entry(string text) => text.Length == 0 ? double.NaN : double.Parse(text, CultureInfo.InvariantCulture);
}
