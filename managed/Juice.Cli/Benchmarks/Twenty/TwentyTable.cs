using System.Globalization;
using Juice.Cli.Output;

namespace Juice.Cli.Benchmarks.Twenty;

/// <summary>One set's runs, all seeds together, beside the published number.</summary>
internal sealed record TwentyScore(string Set, double Validation, double Test, double Spread, double Published, int Seeds, double Seconds)
{
    /// <summary>How much of the published log-likelihood's size the mean lies above it (or below, negative): 0.01 is one per cent better.</summary>
    public double Gain => (Test - Published) / Math.Abs(Published);

    public bool IsReached => Gain >= -0.01;

    public static TwentyScore Of(IReadOnlyList<TwentyRun> runs)
    {
        double mean = runs.Average(run => run.Test);
        double spread = runs.Count < 2 ? 0 : Math.Sqrt(runs.Sum(run => (run.Test - mean) * (run.Test - mean)) / (runs.Count - 1));
        return new(runs[0].Set, runs.Average(run => run.Validation), mean, spread, TwentySets.Published(runs[0].Set), runs.Count, runs.Sum(run => run.Seconds));
    }
}

/// <summary>The sets' scores as a table or as JSON.</summary>
internal sealed class TwentyTable(TwentySetting setting, IReadOnlyList<TwentyScore> scores)
{
    public void Write(TextWriter output)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {(setting.Components == 1 ? "HCLT" : $"mixture of {setting.Components} HCLTs")} with {setting.Latents} latents
            batches of {setting.BatchSize}, step size {setting.StepSize}, pseudocount {setting.Pseudocount} of a pass
            at most {setting.MostEpochs} epochs or {Units.Count(setting.MostRows)} rows, patience {setting.Patience}
            """));
        output.WriteLine();
        TextTable table = new("set", "validation", "test", "±", "published", "difference", "seeds", "seconds");
        foreach (TwentyScore score in scores)
        {
            table.Add(
                score.Set, Nats(score.Validation), Nats(score.Test), Nats(score.Spread), Nats(score.Published),
                Units.Number(100 * score.Gain, "+0.00;-0.00") + " %", Units.Count(score.Seeds), Units.Number(score.Seconds, "0"));
        }
        table.Write(output);
        output.WriteLine();
        output.WriteLine($"{scores.Count(score => score.IsReached)} of {Units.Count(scores.Count, "set")} within 1 % of the published log-likelihood or better");
    }

    public void WriteJson(TextWriter output) => output.WriteLine(JsonText.Of(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("components", setting.Components);
        json.WriteNumber("latents", setting.Latents);
        json.WriteNumber("batch_size", setting.BatchSize);
        json.WriteString("step_size", setting.StepSize);
        json.WriteNumber("pseudocount", setting.Pseudocount);
        json.WriteStartArray("sets");
        foreach (TwentyScore score in scores)
        {
            json.WriteStartObject();
            json.WriteString("set", score.Set);
            json.Finite("validation", score.Validation);
            json.Finite("test", score.Test);
            json.Finite("deviation", score.Spread);
            json.Finite("published", score.Published);
            json.Finite("gain", score.Gain);
            json.WriteNumber("seeds", score.Seeds);
            json.Finite("seconds", score.Seconds);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("reached", scores.Count(score => score.IsReached));
        json.WriteEndObject();
    }));

    private static string Nats(double value) => Units.Number(value, "0.0000");
}
