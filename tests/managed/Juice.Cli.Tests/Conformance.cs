using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Juice.Cli.Tests;

/// <summary>One of the circuits with known answers in tests/conformance.</summary>
public sealed class Conformance(string name)
{
    private static readonly string s_folder = Path.GetFullPath("../../conformance", Path.GetDirectoryName(ThisFile())!);

    private readonly Lazy<JsonElement> _answers = new(() => JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, name + ".json"))).RootElement);

    public static IReadOnlyList<Conformance> All { get; } =
        [.. Directory.GetFiles(s_folder, "case*.juice").Select(path => Path.GetFileNameWithoutExtension(path)!).Order().Select(
            name => new Conformance(name))];

    public static Conformance Case(int number) => All[number];

    public string Model => Path.Combine(s_folder, name + ".juice");

    public string Rows => Path.Combine(s_folder, name + ".csv");

    public string MissingRows => Path.Combine(s_folder, name + ".missing.csv");

    public JsonElement Answers => _answers.Value;

    /// <summary>All numbers of an answer, row by row; null is −∞.</summary>
    public static double[] Numbers(JsonElement answer) => answer.ValueKind switch
    {
        JsonValueKind.Array => [.. answer.EnumerateArray().SelectMany(Numbers)],
        JsonValueKind.Null => [double.NegativeInfinity],
        _ => [answer.GetDouble()],
    };

    /// <summary>The numbers that <c>juice loglik</c> printed.</summary>
    internal static double[] Printed(ToolRun run) => [.. run.Lines.SelectMany(line => line.Split(',')).Select(Number)];

    public static void AssertClose(double[] actual, double[] expected, double tolerance = 1e-5)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        for (int i = 0; i < actual.Length; i++)
        {
            double scale = double.IsFinite(expected[i]) ? Math.Max(1, Math.Abs(expected[i])) : 1;
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(tolerance * scale), $"number {i}");
        }
    }

    public override string ToString() => name;

    private static double Number(string text) =>
        text == "-inf" ? double.NegativeInfinity : double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
