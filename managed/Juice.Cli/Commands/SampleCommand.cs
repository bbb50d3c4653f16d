using System.CommandLine;
using System.Text;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice sample</c>: rows drawn from a model, or completed by it.</summary>
internal static class SampleCommand
{
    // Rows that are drawn before they are printed.
    private const int AtATime = 4096;

    public static Command Create(Terminal terminal)
    {
        Argument<string> model = Arguments.Model();
        Option<int> count = OptionValues.Whole("-n", "How many rows to draw.", minimum: 0);
        Option<string> given = new("--given")
        {
            Description = $"Complete these rows instead: what is missing is drawn given the rest of its row. {DataOptions.Kinds}.",
            HelpName = "ROWS",
        };
        Option<int> perRow = OptionValues.Whole("--per-row", "With --given: samples of each row, one after another.", minimum: 1, defaultValue: 1);
        Option<ulong> seed = OptionValues.Whole("--seed", "The same seed gives the same samples.", minimum: 0UL, defaultValue: 0UL);
        Option<double> temperature = OptionValues.Positive(
            "--temperature", "1 is exact; lower for likelier rows, higher for more varied ones.", defaultValue: 1);
        Option<int> root = OptionValues.Whole("--root", "Of a model with several roots: the one to sample from.", minimum: 0, defaultValue: 0);
        Option<string> output = new("--out") { Description = "A file to write instead of standard output: .csv, .npy or .npz; of a model of texts .txt.", HelpName = "FILE" };
        DataOptions dataOptions = new();
        ModelOptions modelOptions = new();
        ToolCommand command = new("sample", "Draw rows from a model, or complete rows; CSV on standard output, unless --out says otherwise.")
        {
            Examples =
            [
                "juice sample m.juice -n 64",
                "juice sample m.juice -n 10000 --seed 1 --temperature 0.8 --out samples.npy",
                "juice sample m.juice --given rows.csv --per-row 5",
            ],
        };
        command.Add(model);
        command.Add(count);
        command.Add(given);
        command.Add(perRow);
        command.Add(seed);
        command.Add(temperature);
        command.Add(root);
        command.Add(output);
        dataOptions.AddTo(command);
        modelOptions.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            string? evidence = parsed.GetValue(given), target = parsed.GetValue(output);
            bool counted = parsed.GetResult(count) is not null;
            if (evidence is null && !counted) throw new UsageException("Say with -n how many rows to draw, or with --given which rows to complete.");
            if (evidence is not null && counted) throw new UsageException("-n goes without --given; with it, --per-row says how many samples a row gets.");
            if (evidence is null && parsed.GetResult(perRow) is { Implicit: false }) throw new UsageException("--per-row goes with --given.");
            if (target is not null) OutputFile.Check(target, ".csv", ".npy", ".npz", ".txt");

            string path = parsed.GetRequiredValue(model);
            using Circuit circuit = Circuit.Load(path);
            DataSchema? schema = DataSchema.Of(circuit);
            if (schema is null && target?.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) == true)
                throw new UsageException($"'{target}': {path} is no model of texts; its samples go into .csv, .npy or .npz.");
            NamedRows? rows = evidence is null ? null : await dataOptions.LoadAsync(parsed, terminal, evidence, usualPart: "test", schema, cancellation);
            rows?.CheckFits(circuit, path);
            using CompiledCircuit compiled = modelOptions.Compile(circuit, parsed);
            SampleOptions options = new()
            {
                Seed = parsed.GetValue(seed),
                Temperature = parsed.GetValue(temperature),
                SamplesPerRow = parsed.GetValue(perRow),
                Root = parsed.GetValue(root),
            };
            if (options.Root >= compiled.Roots) throw new UsageException($"--root is {options.Root}; {path} has {Units.Count(compiled.Roots, "root")}, from 0 on.");

            if (rows is not null) Write(terminal, target, rows.Use(all => compiled.Sample(all, options, cancellation)), schema, cancellation);
            else if (target is not null) Write(terminal, target, compiled.Sample(parsed.GetValue(count), options, cancellation), schema, cancellation);
            else Print(terminal, compiled, parsed.GetValue(count), options, schema, cancellation);
            return Tool.Success;
        });
        return command;
    }

    private static void Write(Terminal terminal, string? target, Rows samples, DataSchema? schema, CancellationToken cancellation)
    {
        if (target is null) Print(terminal, samples, schema, isFirst: true, cancellation);
        else if (schema is not null && Path.GetExtension(target).ToLowerInvariant() is ".csv" or ".txt") RowFiles.Save(target, samples, schema, cancellation);
        else RowFiles.Save(target, samples, cancellation);
    }

    // Any number of rows in the memory of a few.
    private static void Print(
        Terminal terminal, CompiledCircuit model, int count, SampleOptions options, DataSchema? schema, CancellationToken cancellation)
    {
        for (int first = 0; first == 0 || first < count; first += AtATime)
        {
            Rows samples = model.Sample(Math.Min(AtATime, count - first), options with { First = first }, cancellation);
            Print(terminal, samples, schema, isFirst: first == 0, cancellation);
        }
    }

    private static void Print(Terminal terminal, Rows samples, DataSchema? schema, bool isFirst, CancellationToken cancellation)
    {
        using MemoryStream text = new();
        for (long first = 0; (first == 0 && isFirst) || first < samples.Count; first += AtATime)
        {
            text.SetLength(0);
            Rows part = samples.Slice(first, Math.Min(AtATime, samples.Count - first));
            if (schema is null) RowFiles.SaveCsv(text, part, cancellation);
            else schema.Write(text, part, header: isFirst && first == 0, cancellation);
            terminal.Out.Write(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length));
        }
    }
}
