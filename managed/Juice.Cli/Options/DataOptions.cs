using System.CommandLine;
using Juice.Cli.Output;
using Juice.Data;

namespace Juice.Cli.Options;

/// <summary>Rows that a command line names.</summary>
/// <param name="Name">The data set's or the file's name.</param>
/// <param name="Part">Which part of a data set they are: train or test; null for a file.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Schema">What their variables mean in the file; null where they are numbers.</param>
internal sealed record NamedRows(string Name, string? Part, Rows Rows, DataSchema? Schema = null)
{
    public override string ToString() => Part is null ? Name : $"{Name} ({Part})";

    /// <summary>Finds out before the work that rows and a model do not belong together.</summary>
    public void CheckFits(Circuit circuit, string model)
    {
        if (circuit.Variables != Rows.Variables)
            throw new InvalidDataException($"{model} has {Units.Count(circuit.Variables, "variable")}, {this} has {Units.Count(Rows.Variables)}");
    }

    /// <summary>Log-likelihoods, <c>[row, root]</c>, as densities of the file's own units.</summary>
    public double[] LogLikelihood(CompiledCircuit model, CancellationToken cancellation)
    {
        double[] values = Use(rows => model.LogLikelihood(rows, cancellation));
        if (Schema?.LogUnits(Rows, cancellation) is { } units)
            for (int i = 0; i < values.Length; i++) values[i] += units[i / model.Roots];
        return values;
    }

    /// <summary>Does something with the rows; a complaint about one of them says whose rows they are.</summary>
    public T Use<T>(Func<Rows, T> work)
    {
        try
        {
            return work(Rows);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{this}: {Sentences.Of(e)}", e);
        }
    }
}

/// <summary>How rows are named on a command line: a data set, a folder of images, or a file; and how they are read.</summary>
internal sealed class DataOptions
{
    public const string Kinds =
        "a data set (fashion-mnist, mnist), a folder with its files, or a file (CSV, IDX, NPY or NPZ, gzipped or not; - is standard input)";

    private readonly Option<bool> _header = new("--header") { Description = "The first line of a CSV file of numbers names the columns." };

    private readonly Option<string> _array = new("--array") { Description = "The array of an NPZ file. Default: the first.", HelpName = "NAME" };

    private readonly Option<long> _rows = OptionValues.Whole<long>("--rows", "Take only the first N rows.", minimum: 1);

    private readonly Option<string> _split = new("--split") { Description = "The part of a data set: train or test.", HelpName = "PART" };

    public DataOptions() => _split.AcceptOnlyFromAmong("train", "test");

    public void AddTo(Command command)
    {
        command.Add(_split);
        command.Add(_rows);
        command.Add(_header);
        command.Add(_array);
    }

    /// <summary>
    /// The rows that <paramref name="data"/> names; of a data set the part asked for, else <paramref name="usualPart"/>; of a text file what the schema says.
    /// </summary>
    public async Task<NamedRows> LoadAsync(
        ParseResult parsed, Terminal terminal, string data, string usualPart, DataSchema? schema, CancellationToken cancellation)
    {
        IReadOnlyList<NamedRows> parts = await LoadPartsAsync(parsed, terminal, data, schema, cancellation);
        return parts.FirstOrDefault(part => part.Part == usualPart) ?? parts[0];
    }

    /// <summary>The rows that <paramref name="data"/> names; of a data set the part asked for, else both.</summary>
    public async Task<IReadOnlyList<NamedRows>> LoadPartsAsync(
        ParseResult parsed, Terminal terminal, string data, DataSchema? schema, CancellationToken cancellation)
    {
        string? split = parsed.GetValue(_split);
        NamedRows[] parts = await FindSetAsync(terminal, data, cancellation) is { } set
            ? [new(set.Name, "train", set.Train), new(set.Name, "test", set.Test)]
            : [new(Path.GetFileName(data), null, LoadFile(parsed, data, schema, cancellation), schema)];
        if (split is not null && parts[0].Part is null) throw new UsageException($"--split goes with a data set; '{data}' is a file.");
        return [.. parts.Where(part => split is null || part.Part == split).Select(part => part with { Rows = FirstRows(parsed, part.Rows) })];
    }

    /// <summary>The rows of a file, read as the options say.</summary>
    public Rows LoadFile(ParseResult parsed, string path, DataSchema? schema, CancellationToken cancellation)
    {
        RowFileOptions options = new() { Header = parsed.GetValue(_header), Array = parsed.GetValue(_array), Schema = schema };
        if (path != "-") return RowFiles.Load(path, options, cancellation);
        using Stream input = Console.OpenStandardInput();
        return RowFiles.Load(input, options, cancellation);
    }

    private static async Task<DataSet?> FindSetAsync(Terminal terminal, string data, CancellationToken cancellation)
    {
        if (Directory.Exists(data)) return DataSets.LoadFolder(data);
        return DataSets.Names.Contains(data) ? await DataSets.LoadAsync(data, new DownloadNotes(terminal), cancellation) : null;
    }

    /// <summary>As many of the rows as --rows says.</summary>
    public Rows FirstRows(ParseResult parsed, Rows rows) => parsed.GetResult(_rows) is null ? rows : rows.Take(parsed.GetValue(_rows));

    // Says once of a file that it is being fetched; how fast is of no interest for 30 MB.
    private sealed class DownloadNotes(Terminal terminal) : IProgress<DownloadProgress>
    {
        private string? _file;

        public void Report(DownloadProgress value)
        {
            if (value.File == _file) return;
            _file = value.File;
            terminal.Note($"downloading {value.File}{(value.Total is long total ? $" ({Units.Bytes(total)})" : "")}");
        }
    }
}
