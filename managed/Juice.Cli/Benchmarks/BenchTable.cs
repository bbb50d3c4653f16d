using Juice.Cli.Output;

namespace Juice.Cli.Benchmarks;

/// <summary>Cases and the machine's limits, as one table or as JSON.</summary>
internal sealed class BenchTable(string data, IReadOnlyList<MachineRates> machines, IReadOnlyList<BenchCase> cases)
{
    private static readonly string[] s_heads =
        ["what", "latents", "rows", "threads", "median ms", "99 % ms", "rows/s", "GFLOP/s", "of matrix rate", "limit ms"];

    public void Write(TextWriter output)
    {
        output.WriteLine($"HCLT over {data}, {machines[0].InstructionSet}");
        foreach (MachineRates machine in machines) output.WriteLine(Rates(machine));
        TextTable table = new(s_heads);
        foreach (BenchCase one in cases) table.Add(Line(one));
        output.WriteLine();
        table.Write(output);
        output.WriteLine();
        output.WriteLine("limit: the arithmetic at the matrix rate or the least traffic at the copy rate, whichever takes longer; caches can beat the latter");
    }

    public void WriteJson(TextWriter output) => output.WriteLine(JsonText.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("data", data);
        json.WriteString("instruction_set", machines[0].InstructionSet);
        json.WriteStartArray("machine");
        foreach (MachineRates machine in machines)
        {
            json.WriteStartObject();
            json.WriteNumber("threads", machine.Threads);
            json.Finite("matrix_flop_per_second", machine.MatrixRate);
            json.Finite("copy_bytes_per_second", machine.CopyRate);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("cases");
        foreach (BenchCase one in cases)
        {
            json.WriteStartObject();
            json.WriteString("what", one.What);
            json.WriteNumber("latents", one.Latents);
            json.WriteNumber("rows", one.Rows);
            json.WriteNumber("threads", one.Threads);
            json.Finite("median_seconds", one.Median);
            json.Finite("p99_seconds", one.Slow);
            json.Finite("rows_per_second", one.RowsPerSecond);
            json.Finite("flop", one.Flop);
            json.Finite("bytes", one.Bytes);
            json.Finite("share_of_matrix_rate", one.ShareOfMatrixRate);
            json.Finite("limit_seconds", one.Limit);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    /// <summary>What a machine can do at most, in a line.</summary>
    public static string Rates(MachineRates machine) =>
        $"{Units.Count(machine.Threads, "thread")}: matrix rate {Units.Number(machine.MatrixRate * 1e-9, "0")} GFLOP/s, "
        + $"copy rate {Units.Number(machine.CopyRate * 1e-9, "0.0")} GB/s";

    private static string[] Line(BenchCase one) =>
    [
        one.What, Units.Count(one.Latents), Units.Count(one.Rows), Units.Count(one.Threads), Milliseconds(one.Median),
        double.IsNaN(one.Slow) ? "" : Milliseconds(one.Slow), Units.Count((long)one.RowsPerSecond), Units.Number(one.Rate * 1e-9, "0.0"),
        Units.Number(one.ShareOfMatrixRate * 100, "0") + " %", Milliseconds(one.Limit),
    ];

    private static string Milliseconds(double seconds) => Units.Number(seconds * 1e3, "0.000");
}
