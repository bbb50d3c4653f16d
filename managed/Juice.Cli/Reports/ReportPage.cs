using System.Reflection;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Juice.Cli.Output;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>A report as one HTML file, which is well-formed XML as well and fetches nothing.</summary>
internal static class ReportPage
{
    // Whoever opens the page can be sure of it, too: the browser is told to refuse.
    private const string NothingIsFetched = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    public static void Write(Stream stream, ReportFacts facts)
    {
        XElement page = new(
            "html", At("lang", "en"),
            Tag(
                "head", null,
                Tag("meta", null, At("charset", "utf-8")),
                Tag("meta", null, At("name", "viewport"), At("content", "width=device-width, initial-scale=1")),
                Tag("meta", null, At("name", "color-scheme"), At("content", "light dark")),
                Tag("meta", null, At("http-equiv", "Content-Security-Policy"), At("content", NothingIsFetched)),
                Tag("title", null, facts.Title),
                Tag("style", null, StyleSheet())),
            Tag(
                "body", null,
                Tag(
                    "main", null,
                    Head(facts),
                    DataSection.Of(facts),
                    TreeSection.Of(facts),
                    TrainingSection.Of(facts),
                    SparsitySection.Of(facts),
                    SamplesSection.Of(facts),
                    CompletionsSection.Of(facts),
                    RowsSection.Of(facts),
                    MachineSection.Of(facts),
                    ModelSection.Of(facts),
                    CommandsSection.Of(facts),
                    Tag("footer", null, $"Written by juice {JuiceVersion.Native}. It is one file: nothing is fetched from elsewhere."))));
        XmlWriterSettings settings = new()
        {
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            OmitXmlDeclaration = true,
            Indent = true,
            IndentChars = " ",
            NewLineChars = "\n",
        };
        stream.Write("<!DOCTYPE html>\n"u8);
        using XmlWriter writer = XmlWriter.Create(stream, settings);
        page.WriteTo(writer);
    }

    /// <summary>A section with its heading.</summary>
    public static XElement Section(string name, string heading, params object?[] content) =>
        Tag("section", null, At("id", name), Tag("h2", null, heading), content);

    /// <summary>Names and values; those without a value are left out.</summary>
    public static XElement Table(params ReadOnlySpan<(string Name, string? Value)> lines)
    {
        XElement table = Tag("table", "facts");
        foreach ((string name, string? value) in lines)
            if (value is not null)
                table.Add(Tag("tr", null, Tag("th", null, At("scope", "row"), name), Tag("td", null, value)));
        return table;
    }

    private static XElement Head(ReportFacts facts)
    {
        string what = TreeSection.Latents(facts) is long latents
            ? $"A hidden Chow-Liu tree with {Units.Count(latents, "latent")} a variable"
            : "A probabilistic circuit";
        string learnt = facts.History.Settings.TryGetValue("rows", out string? rows) && long.TryParse(rows, out long count)
            ? $", learnt from {Units.Count(count, facts.Noun)},"
            : "";
        string unseen = facts.Rows.Part == "test" ? " that it never saw" : "";
        string uniform = facts.UniformBitsPerDimension is double bits
            ? $" A guess that takes all values for equally likely needs {Number(bits, "0.00")}."
            : "";
        return Tag(
            "header", null,
            Tag("h1", null, facts.Title),
            Tag("p", "lead",
                $"{what}{learnt} describes {facts.Judged}{unseen} in ",
                Tag("strong", null, $"{Number(facts.MeanBitsPerDimension, "0.000")} bits per dimension"),
                $".{uniform}"),
            facts.About is null ? null : Tag("p", null, facts.About),
            Tag("div", "tiles", Tiles(facts).Select(tile => Tag("div", "tile", Tag("b", null, tile.Value), Tag("span", null, tile.Name)))));
    }

    private static IEnumerable<(string Value, string Name)> Tiles(ReportFacts facts)
    {
        yield return (Number(facts.MeanBitsPerDimension, "0.000"), $"bits per dimension, {Units.Count(facts.Rows.Rows.Count)} {facts.Judged}");
        yield return (Units.Large(facts.Circuit.Edges), "edges");
        yield return (Units.Large(facts.Circuit.Parameters), "parameters");
        if (MachineSection.TrainingTime(facts) is TimeSpan time)
            yield return (Units.Time(time), $"training, {Units.Count(facts.History.Epochs.Count, "epoch")}{Rounds(facts)}");
        if (MachineSection.RowsPerSecond(facts) is double speed) yield return (Units.Count((long)speed), $"{facts.Noun}s a second in training");
    }

    private static string Rounds(ReportFacts facts) => facts.History.Sparsified is { } run ? $" and {Units.Count(run.Rounds.Count, "round")} of pruning" : "";

    private static string StyleSheet()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Juice.Cli.Reports.report.css")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
