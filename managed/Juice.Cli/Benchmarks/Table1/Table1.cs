using Juice.Cli.Output;

namespace Juice.Cli.Benchmarks.Table1;

/// <summary>Measured cases beside the published ones, as a table or as JSON.</summary>
internal sealed class Table1(string device, MachineRates? machine, IReadOnlyList<MeasuredCase> cases)
{
    public void Write(TextWriter output)
    {
        output.WriteLine(device);
        if (machine is not null) output.WriteLine(BenchTable.Rates(machine));
        output.WriteLine();
        TextTable table = new("family", "latents", "edges", "published", "rows a step", "ms a step", "limit ms", "s an epoch", "published s", "peak memory");
        foreach (MeasuredCase one in cases) table.Add(Line(one));
        table.Write(output);
        output.WriteLine();
        output.WriteLine("epoch: forward, backward and mini-batch EM over 60,000 rows; published: PyJuice on an RTX 4090, 2024");
    }

    public void WriteJson(TextWriter output) => output.WriteLine(JsonText.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("device", device);
        json.WriteStartArray("cases");
        foreach (MeasuredCase one in cases)
        {
            json.WriteStartObject();
            json.WriteString("family", one.Case.Family);
            json.WriteNumber("latents", one.Case.Latents);
            json.WriteNumber("edges", one.Edges);
            json.WriteNumber("published_edges", one.Case.Edges);
            json.WriteNumber("rows", one.Batch);
            json.Finite("step_seconds", one.Step);
            json.Finite("limit_seconds", one.Limit);
            json.Finite("epoch_seconds", one.Epoch);
            json.WriteNumber("published_epoch_seconds", one.Case.Seconds);
            json.WriteNumber("peak_bytes", one.Peak);
            if (one.LeftOut is not null) json.WriteString("left_out", one.LeftOut);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private static string[] Line(MeasuredCase one)
    {
        string[] begin = [one.Case.Family, Units.Count(one.Case.Latents), one.Edges == 0 ? "" : Units.Large(one.Edges), Units.Large((long)one.Case.Edges)];
        string published = Units.Number(one.Case.Seconds, "0.0");
        return one.LeftOut is { } why
            ? [.. begin, "", $"left out: {why}", "", "", published, ""]
            : [.. begin, Units.Count(one.Batch), Units.Number(one.Step * 1e3, "0.00"), double.IsNaN(one.Limit) ? "" : Units.Number(one.Limit * 1e3, "0.00"),
                Units.Number(one.Epoch, "0.0"), published, Units.Bytes(one.Peak)];
    }
}
