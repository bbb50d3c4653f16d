using System.CommandLine;
using Juice.Cli.Benchmarks;
using Juice.Cli.Options;
using Juice.Cli.Output;

namespace Juice.Cli.Commands;

/// <summary><c>juice bench</c>: how fast this machine trains and answers, beside what it can do at most.</summary>
internal static class BenchCommand
{
    private const int DrawnRows = 4096;
    private const ulong Seed = 1;
    private static readonly int[] s_latents = [16, 64];
    private static readonly int[] s_batches = [32, 64, 256, 1024];
    private static readonly int[] s_queries = [1, 1000];

    public static Command Create(Terminal terminal)
    {
        Option<string> data = new("--data")
        {
            Description = $"The rows: {DataOptions.Kinds}. Default: {DrawnRows} images of 28 × 28 drawn from a fixed seed.",
            HelpName = "DATA",
        };
        Option<int[]> latents = OptionValues.Wholes("--latents", "Hidden states a variable.", minimum: 1, s_latents);
        Option<int[]> batches = OptionValues.Wholes("--batch", "Rows a training step.", minimum: 1, s_batches);
        Option<int[]> threads = OptionValues.Wholes("--threads", "Processor threads to train with. Default: 1 and all cores.", minimum: 1, Threads());
        Option<double> seconds = OptionValues.Real("--seconds", "Time for each line of the table.", minimum: 0, defaultValue: 1);
        Option<bool> json = Arguments.Json();
        DataOptions dataOptions = new();
        ToolCommand command = new(
            "bench", "Time training steps and queries of hidden Chow-Liu trees, and say how near they come to this machine's limits.")
        {
            Examples = ["juice bench", "juice bench --data fashion-mnist --latents 64 --batch 256 --threads 1,2 --json"],
        };
        command.Add(data);
        dataOptions.AddTo(command);
        command.Add(latents);
        command.Add(batches);
        command.Add(threads);
        command.Add(seconds);
        command.Add(json);
        command.Add(BenchTable1Command.Create(terminal));
        command.Add(BenchTwentyCommand.Create(terminal));
        command.Add(BenchMnistCommand.Create(terminal));
        command.SetAction(async (parsed, cancellation) =>
        {
            string? name = parsed.GetValue(data);
            NamedRows rows = name is null
                ? new("drawn images", null, dataOptions.FirstRows(parsed, DrawnImages.Of(DrawnRows)))
                : await dataOptions.LoadAsync(parsed, terminal, name, usualPart: "train", schema: null, cancellation);
            BenchTable table = Measure(
                rows, parsed.GetRequiredValue(latents), parsed.GetRequiredValue(batches), parsed.GetRequiredValue(threads), parsed.GetValue(seconds),
                cancellation);
            if (parsed.GetValue(json)) table.WriteJson(terminal.Out);
            else table.Write(terminal.Out);
            return Tool.Success;
        });
        return command;
    }

    private static int[] Threads() => Environment.ProcessorCount == 1 ? [1] : [1, Environment.ProcessorCount];

    private static BenchTable Measure(NamedRows rows, int[] latents, int[] batches, int[] threads, double seconds, CancellationToken cancellation)
    {
        // Queries run on one core, so that its rates are always needed.
        Dictionary<int, MachineRates> machines = threads.Append(1).Distinct().Order().ToDictionary(count => count, MachineRates.Measure);
        HcltOptions options = new() { Parents = Trees.ChowLiu(rows.Rows, cancellationToken: cancellation) };
        List<BenchCase> cases = [];
        foreach (int count in latents)
        {
            using Circuit circuit = Structures.Hclt(rows.Rows, count, Seed, options, cancellation);
            foreach (int thread in threads)
            {
                foreach (int batch in batches) cases.Add(BenchCase.Train(circuit, rows.Rows, count, batch, machines[thread], seconds, cancellation));
            }
            foreach (int query in s_queries) cases.Add(BenchCase.Query(circuit, rows.Rows, count, query, machines[1], seconds, cancellation));
        }
        return new BenchTable(rows.ToString(), [.. machines.OrderBy(machine => machine.Key).Select(machine => machine.Value)], cases);
    }
}
