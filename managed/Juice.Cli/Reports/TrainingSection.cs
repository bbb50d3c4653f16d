using System.Xml.Linq;
using Juice.Cli.Output;
using Juice.Cli.Training;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>The training: its curve and its settings.</summary>
internal static class TrainingSection
{
    public static XElement? Of(ReportFacts facts)
    {
        IReadOnlyList<EpochRecord> epochs = facts.History.Epochs;
        if (!epochs.Any(epoch => double.IsFinite(epoch.TrainBpd))) return null;
        EpochRecord last = epochs[^1];
        string validation = last.ValidationBpd is double score
            ? $", {Number(score, "0.0000")} on validation {facts.Noun}s, which it was not trained on"
            : "";
        return ReportPage.Section(
            "training", "The training",
            Tag("p", null,
                "Expectation maximisation: a pass through the circuit for the likelihoods, a pass back for the flows, which say how much each edge was "
                    + $"used, and the weights move towards them. After {Units.Count(epochs.Count, "epoch")} it is at {Number(last.TrainBpd, "0.0000")} bits "
                    + $"per dimension in training{validation}."),
            Tag(
                "div", "legend",
                Tag("span", "train", "train"),
                epochs.Any(epoch => epoch.ValidationBpd is not null) ? Tag("span", "validation", "validation") : null),
            Tag("figure", "wide", CurveFigure.Draw(epochs)),
            Settings(facts));
    }

    private static XElement? Settings(ReportFacts facts)
    {
        IReadOnlyDictionary<string, string> settings = facts.History.Settings;
        if (settings.Count == 0) return null;
        bool fullBatch = settings.GetValueOrDefault("full_batch") is "True" or "true";
        return ReportPage.Table(
            ("start", settings.GetValueOrDefault("start")),
            ("algorithm", $"{(fullBatch ? "full-batch" : "mini-batch")} {Algorithm(settings.GetValueOrDefault("optimizer"))}"),
            ($"{facts.Noun}s", Count("rows")),
            ("validation", Count("validation_rows")),
            (fullBatch ? "rows at a time" : "batch", Count("batch_size")),
            ("step size", settings.GetValueOrDefault("step_size")),
            ("pseudocount", settings.GetValueOrDefault("pseudocount")),
            ("seed", settings.GetValueOrDefault("seed")));

        static string Algorithm(string? optimizer) => optimizer switch
        {
            "anemone" => "EM with steps by node (Anemone)",
            "sgd" => "stochastic gradient",
            "adam" => "Adam",
            _ => "EM",
        };

        string? Count(string name) => settings.TryGetValue(name, out string? text) && long.TryParse(text, out long count) ? Units.Count(count) : null;
    }
}
