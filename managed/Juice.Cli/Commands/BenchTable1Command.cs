using System.CommandLine;
using System.Globalization;
using Juice.Cli.Benchmarks;
using Juice.Cli.Benchmarks.Table1;
using Juice.Cli.Options;

namespace Juice.Cli.Commands;

/// <summary><c>juice bench table1</c>: the families of the published benchmark at the sizes that fit, beside its numbers.</summary>
internal sealed class BenchTable1Command
{
    private const int DrawnRows = 2048;
    private const int SequenceBatches = 8;
    private const string Auto = "auto";

    private readonly Terminal _terminal;
    private readonly Option<string> _data = new("--data")
    {
        Description = $"Images of 28 × 28 bytes: {DataOptions.Kinds}. Default: {DrawnRows} images drawn from a fixed seed.", HelpName = "DATA",
    };

    private readonly Option<string> _families = new("--families")
    {
        Description = $"Some of {string.Join(", ", PublishedCase.Families)}, with commas between them. Default: all.", HelpName = "NAME,…",
    };

    private readonly Option<int[]> _latents = OptionValues.Wholes("--latents", "Only these sizes. Default: all.", minimum: 1, []);
    // 0: auto.
    private readonly Option<int> _batch = new("--batch")
    {
        Description = $"Rows a step; {Auto}: powers of two from {AutoBatch.Least} to {AutoBatch.Most} that fit are tried for each line, and the fastest is taken "
            + "(of those within 2 % the smallest). Default: 512.",
        HelpName = $"N|{Auto}",
        DefaultValueFactory = _ => 512,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (text == Auto) return 0;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int rows) && rows >= 1) return rows;
            result.AddError($"--batch takes a whole number, at least 1, or {Auto}, not '{text}'.");
            return 0;
        },
    };

    private readonly Option<int> _vocabulary = OptionValues.Whole("--vocabulary", "Different tokens of the HMMs.", minimum: 2, defaultValue: 10_000);
    private readonly Option<double> _seconds = OptionValues.Real("--seconds", "Time for each line of the table.", minimum: 0, defaultValue: 2);
    private readonly Option<double> _step = OptionValues.Real("--most-seconds", "Leave out what takes longer for one step at the machine's limit.", minimum: 0, defaultValue: 10);
    private readonly Option<long> _memory = OptionValues.Bytes("--most-memory", "Leave out what needs more. Default: half of the memory.");
    private readonly Option<bool> _json = Arguments.Json();
    private readonly DataOptions _dataOptions = new();
    private readonly ModelOptions _model = new();

    private BenchTable1Command(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        BenchTable1Command bench = new(terminal);
        ToolCommand command = new("table1", "Time training steps of HCLT, PD, RAT-SPN and HMM at the sizes of the published benchmark that fit, beside its numbers.")
        {
            Examples = ["juice bench table1", "juice bench table1 --families hclt,hmm --latents 64,128,512 --data mnist", "juice bench table1 --device cuda --precision fast --batch auto"],
        };
        command.Add(bench._data);
        bench._dataOptions.AddTo(command);
        foreach (Option option in new Option[] { bench._families, bench._latents, bench._batch, bench._vocabulary, bench._seconds, bench._step, bench._memory })
            command.Add(option);
        bench._model.AddTo(command);
        command.Add(bench._json);
        command.SetAction(bench.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        PublishedCase[] asked = Cases(parsed);
        Device device = _model.Device(parsed);
        int? batch = parsed.GetValue(_batch) is > 0 and var size ? size : null;
        int vocabulary = parsed.GetValue(_vocabulary);
        Rows images = await ImagesAsync(parsed, batch is null ? AutoBatch.Most : DrawnRows, cancellation);
        Rows sequences = Sequences(batch is int rows ? SequenceBatches * rows : AutoBatch.Most, vocabulary);
        if (images.Count < batch) throw new UsageException($"--batch {batch} is more than the {images.Count} images.");
        int[] parents = asked.Any(one => one.Family == PublishedCase.Hclt)
            ? Trees.ChowLiu(images, new TreeOptions { Threads = _model.Threads(parsed) }, cancellation)
            : [];
        MachineRates? machine = device.Equals(Device.Cpu) ? MachineRates.Measure(_model.Threads(parsed)) : null;
        long memory = parsed.GetResult(_memory) is null ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 : parsed.GetValue(_memory);
        CaseBudget budget = new(memory, parsed.GetValue(_step), parsed.GetValue(_seconds));
        List<MeasuredCase> cases = [];
        foreach (PublishedCase one in asked)
        {
            _terminal.Note($"{one.Family} with {one.Latents} latents");
            cases.Add(MeasuredCase.Of(
                one, one.IsOfImages ? images : sequences, parents, vocabulary, batch, budget, machine,
                (circuit, step) => _model.Compile(circuit, parsed, step), tried => _terminal.Note($"  {tried}"), cancellation));
        }
        Table1 table = new($"{device.Name}: {device.Description}{(_model.Precision(parsed) == Precision.Fast ? ", fast" : "")}", machine, cases);
        if (parsed.GetValue(_json)) table.WriteJson(_terminal.Out);
        else table.Write(_terminal.Out);
        return Tool.Success;
    }

    private PublishedCase[] Cases(ParseResult parsed)
    {
        string[] families = parsed.GetValue(_families)?.Split(',') ?? [.. PublishedCase.Families];
        string? unknown = families.FirstOrDefault(family => !PublishedCase.Families.Contains(family));
        if (unknown is not null) throw new UsageException($"--families: there is no '{unknown}', but {string.Join(", ", PublishedCase.Families)}.");
        int[] sizes = parsed.GetRequiredValue(_latents);
        PublishedCase[] cases = [.. PublishedCase.All.Where(one => families.Contains(one.Family) && (sizes.Length == 0 || sizes.Contains(one.Latents)))];
        return cases.Length > 0 ? cases : throw new UsageException($"--latents: no family was published with {string.Join(" or ", sizes)}.");
    }

    private async Task<Rows> ImagesAsync(ParseResult parsed, int drawn, CancellationToken cancellation)
    {
        if (parsed.GetValue(_data) is not { } name) return _dataOptions.FirstRows(parsed, DrawnImages.Of(drawn)).WithCategories(PublishedCase.Greys);
        NamedRows rows = await _dataOptions.LoadAsync(parsed, _terminal, name, usualPart: "train", schema: null, cancellation);
        if (rows.Rows.Variables != PublishedCase.Side * PublishedCase.Side || rows.Rows.ElementType != RowElement.Byte)
            throw new InvalidDataException($"{rows} holds no images of 28 × 28 bytes");
        return rows.Rows.WithCategories(PublishedCase.Greys);
    }

    // Rows of tokens, frequent ones more often, as in texts.
    private static Rows Sequences(int count, int vocabulary)
    {
        Random random = new(1);
        int[] tokens = new int[count * PublishedCase.Tokens];
        for (int i = 0; i < tokens.Length; i++) tokens[i] = (int)(Math.Pow(vocabulary, random.NextDouble()) - 1);
        return Rows.Of(tokens, PublishedCase.Tokens).WithCategories(vocabulary);
    }
}
