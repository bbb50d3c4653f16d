using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Juice.Data;

namespace Juice.Cli.Options;

/// <summary>How to start a hidden Chow-Liu tree, as the command line says it.</summary>
internal sealed class HcltArguments
{
    public const string Structure = "hclt";
    public const string Clusters = "clusters";

    // More than these are rarely names of things: such a column becomes a Gaussian.
    private const int MostCategories = 4096;

    private readonly Option<int> _latents = OptionValues.Whole("--latents", "hclt: hidden states a variable. Default: 64.", minimum: 1);

    private readonly Option<int> _categories = OptionValues.Whole(
        "--categories",
        "hclt: categories of every variable. Default: what the data set says; of a file, the largest value plus one for a column of whole "
            + $"numbers from 0 to {MostCategories - 1}, and Gaussians for any other.",
        minimum: 1);

    private readonly Option<string> _start = new("--start")
    {
        Description = "hclt: what training starts from: random parameters, or clusters of the rows, one a hidden state, which wants smaller steps "
            + "(--step-size cosine:0.15:0.02). Default: random.",
        HelpName = "random|clusters",
    };

    // To learn a tree takes as much memory as its rows do.
    private const long MostMappedTreeRows = 100_000;

    private readonly Option<long> _treeRows = OptionValues.Whole<long>(
        "--tree-rows", $"hclt: learn the tree from a random N of the rows. Default: all, of a mapped file at most {MostMappedTreeRows}.", minimum: 1);

    private readonly Option<int> _bins = OptionValues.Whole(
        "--bins", "hclt: bins a variable when the tree is learnt. Default: 16 where there are more than 64 categories.", minimum: 2);

    public HcltArguments() => _start.AcceptOnlyFromAmong("random", Clusters);

    public void AddTo(Command command)
    {
        command.Add(_latents);
        command.Add(_categories);
        command.Add(_start);
        command.Add(_treeRows);
        command.Add(_bins);
    }

    public int Latents(ParseResult parsed) => parsed.GetResult(_latents) is null ? 64 : parsed.GetValue(_latents);

    public string Start(ParseResult parsed) => parsed.GetValue(_start) ?? "random";

    /// <summary>Refuses what has no meaning for a model that is there already.</summary>
    public void RejectAll(ParseResult parsed, string model)
    {
        foreach (Option option in new Option[] { _latents, _categories, _start, _treeRows, _bins })
        {
            if (parsed.GetResult(option) is not null)
                throw new UsageException($"{option.Name} goes with a new structure ('juice train {Structure} …'); '{model}' has its structure.");
        }
    }

    /// <summary>What shapes the new structure, for the model's metadata.</summary>
    public JsonObject Describe(ParseResult parsed, ulong seed)
    {
        JsonObject described = new() { ["structure"] = Structure, ["latents"] = Latents(parsed), ["seed"] = seed };
        if (Start(parsed) == Clusters) described["start"] = Clusters;
        if (Categories(parsed) is int categories) described["categories"] = categories;
        if (TreeRows(parsed) is long treeRows) described["tree-rows"] = treeRows;
        if (Bins(parsed) is int bins) described["bins"] = bins;
        return described;
    }

    public HcltOptions Options(
        ParseResult parsed, IReadOnlyList<Rows> rows, int threads, ulong seed, IProgress<double> progress, CancellationToken cancellation) => new()
    {
        Distributions = Distributions(parsed, rows, cancellation),
        Start = Start(parsed) == Clusters ? HcltStart.Clusters : HcltStart.Random,
        Tree = new TreeOptions
        {
            Bins = Bins(parsed) ?? 0,
            RowLimit = TreeRows(parsed) ?? (rows[0].IsMapped ? MostMappedTreeRows : 0),
            Seed = seed,
            Threads = threads,
            Progress = progress,
        },
    };

    // Over all parts, so that a category that only validation rows have is known, too.
    private Distribution[] Distributions(ParseResult parsed, IReadOnlyList<Rows> rows, CancellationToken cancellation)
    {
        int? categories = Categories(parsed);
        if (categories is null && rows[0].Categories is int known) return [.. Enumerable.Repeat(new Categorical(known), rows[0].Variables)];
        RowSummary[] parts = [.. rows.Select(part => RowSummary.Of(part, cancellation))];
        return [.. Enumerable.Range(0, rows[0].Variables).Select(v => Distribution(v, [.. parts.Select(part => part.Variables[v])], categories))];
    }

    private int? Categories(ParseResult parsed) => parsed.GetResult(_categories) is null ? null : parsed.GetValue(_categories);

    private long? TreeRows(ParseResult parsed) => parsed.GetResult(_treeRows) is null ? null : parsed.GetValue(_treeRows);

    private int? Bins(ParseResult parsed) => parsed.GetResult(_bins) is null ? null : parsed.GetValue(_bins);

    private static Distribution Distribution(int variable, VariableSummary[] parts, int? categories)
    {
        double smallest = parts.Min(part => double.IsNaN(part.Minimum) ? 0 : part.Minimum);
        double largest = parts.Max(part => double.IsNaN(part.Maximum) ? 0 : part.Maximum);
        bool whole = smallest >= 0 && parts.All(part => part.Integral);
        if (categories is int given)
        {
            if (whole && largest < given) return new Categorical(given);
            string values = whole ? Text(largest) : smallest < 0 ? Text(smallest) : "fractions";
            throw new InvalidDataException($"column {variable} holds {values}; with --categories {given} it may hold 0 … {given - 1}");
        }
        return whole && largest < MostCategories ? new Categorical(Math.Max(2, (int)largest + 1)) : new Gaussian();
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
