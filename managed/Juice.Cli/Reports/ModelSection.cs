using System.Xml.Linq;
using Juice.Cli.Options;
using Juice.Cli.Output;

namespace Juice.Cli.Reports;

/// <summary>The circuit in numbers.</summary>
internal static class ModelSection
{
    public static XElement Of(ReportFacts facts)
    {
        Circuit circuit = facts.Circuit;
        string structure = TreeSection.Latents(facts) is long latents ? $"hidden Chow-Liu tree, {Units.Count(latents, "latent")} a variable" : "circuit";
        string kinds = $"{Units.Count(circuit.SumEdges)} into sums, {Units.Count(circuit.ProductEdges)} into products";
        double nats = -facts.MeanBitsPerDimension * Math.Log(2) * circuit.Variables;
        return ReportPage.Section(
            "model", "The model",
            ReportPage.Table(
                ("structure", structure),
                ("variables", Units.Count(circuit.Variables)),
                ("node vectors", Units.Count(circuit.Vectors.Count)),
                ("nodes", Units.Count(circuit.Nodes)),
                ("edges", $"{Units.Count(circuit.Edges)} ({kinds})"),
                ("parameters", Units.Count(circuit.Parameters)),
                ("depth", Units.Count(circuit.Depth)),
                ("bits per dimension", $"{Markup.Number(facts.MeanBitsPerDimension, "0.0000")} on {Units.Count(facts.Rows.Rows.Count)} {facts.Judged}"),
                ("published", facts.Published is double published ? Published.Compare(facts.MeanBitsPerDimension, published) : null),
                ("log-likelihood", $"{Markup.Number(nats, "0.00")} nats {facts.One}"),
                ("work", $"{Units.Flop(facts.Model.FlopPerRow)} {facts.One} in training"),
                ("file", $"{facts.ModelName}, {Units.Bytes(facts.ModelBytes)}")));
    }
}
