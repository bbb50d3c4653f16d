using System.Xml.Linq;
using Juice.Cli.Options;
using Juice.Cli.Output;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>Pruning and growing: what every round made, and how close it comes to what others published.</summary>
internal static class SparsitySection
{
    public static XElement? Of(ReportFacts facts)
    {
        if (facts.History.Sparsified is not { } run) return null;
        bool grew = run.Settings.GetValueOrDefault("copies") != "1", judged = run.Rounds.Any(round => round.ValidationBitsPerDimension is not null);
        string kept = run.Settings.GetValueOrDefault("keep") is string share ? $"all edges but a share of {share}" : "the edges that carried too little";
        string best = run.BestRound switch
        {
            null => "",
            0 => " None of them was better on validation than the circuit that they began with, which is this model.",
            int round => $" This model is from round {round}, the best on validation {facts.Noun}s.",
        };
        return ReportPage.Section(
            "sparsity", grew ? "Pruning and growing" : "Pruning",
            Tag("p", null,
                $"Most edges of a trained circuit carry next to nothing. Each round took {kept} away, {(grew ? "gave the nodes that were left copies " : "")}"
                    + $"and trained the circuit again (Dang, Liu and Van den Broeck, 2022).{best}"),
            Table(run, judged),
            facts.Published is double published
                ? Tag("p", "note",
                    $"On {facts.Judged}{(facts.Rows.Part == "test" ? ", which decided nothing," : "")} the model is at {Number(facts.MeanBitsPerDimension, "0.0000")} bits per dimension: "
                        + $"{Published.Compare(facts.MeanBitsPerDimension, published)}.")
                : null);
    }

    private static XElement Table(Sparsification run, bool judged)
    {
        XElement table = Tag("table", "rounds", Line("th", "round", "edges", "pruned to", "trained with", "train", judged ? "validation" : null));
        foreach (SparsifyRound round in run.Rounds)
        {
            XElement line = Line(
                "td", Units.Count(round.Round), Units.Count(round.EdgesBefore), Units.Count(round.EdgesPruned), Units.Count(round.Edges),
                Number(round.TrainBitsPerDimension, "0.0000"), judged ? Number(round.ValidationBitsPerDimension ?? double.NaN, "0.0000") : null);
            if (round.Round == run.BestRound) line.Add(At("class", "best"));
            table.Add(line);
        }
        return Tag("div", "wide", table);
    }

    private static XElement Line(string cell, string round, string edges, string pruned, string grown, string train, string? validation) => Tag(
        "tr", null, ((string?[])[round, edges, pruned, grown, train, validation]).OfType<string>().Select(text => Tag(cell, null, text)));
}
