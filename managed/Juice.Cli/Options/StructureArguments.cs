using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Juice.Data;

namespace Juice.Cli.Options;

/// <summary>A new structure, as the command line says it: its name and the options that shape it.</summary>
internal sealed class StructureArguments
{
    public const string Hclt = "hclt";
    public const string ChowLiu = "chow-liu";
    public const string Clusters = "clusters";

    private const string Hmm = "hmm", RatSpn = "rat-spn", Pd = "pd", PdHclt = "pd-hclt", Binary = "binary-tree", Linear = "linear-tree",
        QuadTree = "quad-tree", QuadGraph = "quad-graph", Factorized = "factorized";

    // To learn a tree takes as much memory as its rows do.
    private const long MostMappedTreeRows = 100_000;

    /// <summary>Every structure and what it is.</summary>
    public static readonly IReadOnlyList<(string Name, string What)> Structures =
    [
        (Hclt, "a hidden Chow-Liu tree, learnt from the rows"),
        (Hmm, "a hidden Markov model: a row is a sequence, a shorter one has missing entries at its end"),
        (RatSpn, "a random tensorised sum-product network"),
        (Pd, "a Poon-Domingos circuit over a grid (--shape)"),
        (PdHclt, "the same, its cells hidden Chow-Liu trees"),
        (Binary, "a random binary tree"),
        (Linear, "one variable after another"),
        (QuadTree, "a quad tree over an image (--shape)"),
        (QuadGraph, "a quad graph over an image (--shape)"),
        (Factorized, "a mixture of independent variables"),
        (ChowLiu, "the Chow-Liu tree itself, without hidden states: counted, not trained"),
    ];

    private readonly Option<int> _latents = OptionValues.Whole("--latents", "Hidden states a variable, nodes a region, or components. Default: 64.", minimum: 1);

    private readonly Option<int> _categories = OptionValues.Whole(
        "--categories",
        "Categories of every variable. Default: what the data set says; of a file, the largest value plus one for a column of whole "
            + $"numbers from 0 to {ColumnDistributions.MostCategories - 1}, and Gaussians for any other.",
        minimum: 1);

    private readonly Option<string> _start = new("--start")
    {
        Description = "hclt: what training starts from: random parameters, or clusters of the rows, one a hidden state, which wants smaller steps "
            + "(--step-size cosine:0.15:0.02). Default: random.",
        HelpName = "random|clusters",
    };

    private readonly Option<long> _treeRows = OptionValues.Whole<long>(
        "--tree-rows", $"hclt, pd-hclt, chow-liu: learn the tree from a random N of the rows. Default: all, of a mapped file at most {MostMappedTreeRows}.",
        minimum: 1);

    private readonly Option<int> _bins = OptionValues.Whole(
        "--bins", "hclt, pd-hclt, chow-liu: bins a variable when the tree is learnt. Default: 16 where there are more than 64 categories.", minimum: 2);

    private readonly Option<bool> _tied = new("--tied")
    {
        Description = "hclt: one table of inputs for all variables; pd: that, and one set of parameters for all boxes of one shape.",
    };

    private readonly Option<bool> _untied = new("--untied") { Description = "hmm: every time has a transition and an emission of its own." };

    private readonly Option<int> _depth = OptionValues.Whole("--depth", "rat-spn: how often regions are split. Default: 5.", minimum: 1);
    private readonly Option<int> _repetitions = OptionValues.Whole("--repetitions", "rat-spn: random splits of all variables. Default: 2.", minimum: 1);
    private readonly Option<int> _pieces = OptionValues.Whole("--pieces", "rat-spn: parts that a region is split into. Default: 2.", minimum: 2);

    private readonly Option<int[]> _shape = new("--shape")
    {
        Description = "pd, pd-hclt, quad-tree, quad-graph: how the variables lie, the last axis fastest, such as 28x28. pd takes any number of axes.",
        HelpName = "NxN…",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            string[] sides = text.Split('x', 'X', '×');
            if (sides.All(side => int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out int extent) && extent > 0))
                return [.. sides.Select(side => int.Parse(side, CultureInfo.InvariantCulture))];
            result.AddError($"--shape takes whole numbers with x between them, such as 28x28, not '{text}'.");
            return [];
        },
    };

    private readonly Option<int> _interval = OptionValues.Whole("--split-interval", "pd, pd-hclt: a split point every N entries of each axis. Default: 4.", minimum: 1);

    private readonly Option<int> _splits = OptionValues.Whole(
        "--most-splits", "pd, pd-hclt: splits of its region that a sum block reads at most; 0: all. Default: 8.", minimum: 0);

    private readonly Option<int> _block = OptionValues.Whole(
        "--block-size", "pd, pd-hclt: nodes a block, a divisor of the latents. Default: the largest up to 32.", minimum: 1);

    private readonly Option<string> _label = LabelOption.Create(
        "A column, by its number (from 0) or name, is a class: the circuit has a root a class over the other columns, and learns to tell them.");

    // With the structures that an option goes with; none: all.
    private readonly (Option Option, string[] With)[] _options;

    public StructureArguments()
    {
        _start.AcceptOnlyFromAmong("random", Clusters);
        _options =
        [
            (_latents, [Hclt, Hmm, RatSpn, Pd, PdHclt, Binary, Linear, QuadTree, QuadGraph, Factorized]),
            (_categories, []),
            (_start, [Hclt]),
            (_treeRows, [Hclt, PdHclt, ChowLiu]),
            (_bins, [Hclt, PdHclt, ChowLiu]),
            (_tied, [Hclt, Pd]),
            (_untied, [Hmm]),
            (_depth, [RatSpn]),
            (_repetitions, [RatSpn]),
            (_pieces, [RatSpn]),
            (_shape, [Pd, PdHclt, QuadTree, QuadGraph]),
            (_interval, [Pd, PdHclt]),
            (_splits, [Pd, PdHclt]),
            (_block, [Pd, PdHclt]),
            (_label, [Hclt, Hmm, RatSpn, Pd, PdHclt, Binary, Linear, QuadTree, QuadGraph, Factorized]),
        ];
    }

    public static bool IsStructure(string model) => Structures.Any(structure => structure.Name == model);

    public void AddTo(Command command)
    {
        foreach ((Option option, _) in _options) command.Add(option);
    }

    public int Latents(ParseResult parsed) => Given(parsed, _latents) ?? 64;

    public string Start(ParseResult parsed) => parsed.GetValue(_start) ?? "random";

    /// <summary>The column of the classes, or null.</summary>
    public int? Label(ParseResult parsed, DataSchema? schema) => LabelOption.Of(parsed, _label, schema);

    /// <summary>What the model is called in a chart.</summary>
    public string Title(ParseResult parsed, string structure) => $"{structure.ToUpperInvariant()} with {Latents(parsed)} latents";

    /// <summary>Refuses what has no meaning for a structure, or for a model that is there already.</summary>
    public void Check(ParseResult parsed, string model)
    {
        foreach ((Option option, string[] with) in _options)
        {
            if (parsed.GetResult(option) is not { Implicit: false }) continue;
            if (!IsStructure(model))
                throw new UsageException($"{option.Name} goes with a new structure ('juice train {Hclt} …'); '{model}' has its structure.");
            if (with.Length > 0 && !with.Contains(model)) throw new UsageException($"{option.Name} goes with {string.Join(", ", with)}, not with {model}.");
        }
        if (model is Pd or PdHclt or QuadTree or QuadGraph && Shape(parsed) is null)
            throw new UsageException($"'{model}' needs --shape, such as 28x28.");
        if (model is QuadTree or QuadGraph && Shape(parsed) is { Length: not 2 })
            throw new UsageException($"'{model}' takes a --shape of two axes, such as 28x28.");
    }

    /// <summary>What shapes the new structure, for the model's metadata.</summary>
    public JsonObject Describe(ParseResult parsed, string structure, DataSchema? schema, ulong seed)
    {
        JsonObject described = new() { ["structure"] = structure };
        if (structure != ChowLiu) described["latents"] = Latents(parsed);
        described["seed"] = seed;
        if (Start(parsed) == Clusters) described["start"] = Clusters;
        foreach (Option<int> option in new[] { _categories, _bins, _depth, _repetitions, _pieces, _interval, _splits, _block })
            if (Given(parsed, option) is int value) described[option.Name[2..]] = value;
        if (Label(parsed, schema) is int label) described["label"] = label;
        if (TreeRows(parsed) is long treeRows) described["tree-rows"] = treeRows;
        if (Shape(parsed) is int[] shape) described["shape"] = string.Join('x', shape);
        if (parsed.GetValue(_tied)) described["tied"] = true;
        if (parsed.GetValue(_untied)) described["untied"] = true;
        return described;
    }

    /// <summary>What takes a while about building it; null where nothing does.</summary>
    public string? Work(ParseResult parsed, string structure) => structure switch
    {
        Hclt => Start(parsed) == Clusters ? "Chow-Liu tree and clusters" : "Chow-Liu tree",
        PdHclt => "Chow-Liu trees",
        ChowLiu => "Chow-Liu tree",
        _ => null,
    };

    /// <summary>Builds the structure.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="structure">Its name, not that of the Chow-Liu tree.</param>
    /// <param name="rows">All parts of the rows, the first to learn from.</param>
    /// <param name="schema">What their variables mean; null where they are numbers.</param>
    /// <param name="threads">Processor threads; 0 is all cores.</param>
    /// <param name="seed">Draws what is random.</param>
    /// <param name="progress">Hears of <see cref="Work"/>.</param>
    /// <param name="cancellation">Ends it.</param>
    public Circuit Build(
        ParseResult parsed, string structure, IReadOnlyList<Rows> rows, DataSchema? schema, int threads, ulong seed, IProgress<double>? progress,
        CancellationToken cancellation)
    {
        Distribution[] distributions = Distributions(parsed, rows, schema, cancellation);
        TreeOptions tree = Tree(parsed, rows[0], threads, seed, progress);
        if (Label(parsed, schema) is not int label) return Build(parsed, structure, rows[0], null, distributions, 1, tree, seed, cancellation);
        if (label >= distributions.Length)
            throw new InvalidDataException($"there is no column {label}, the label: the rows have columns 0 … {distributions.Length - 1}");
        if (distributions.Length == 1) throw new InvalidDataException("the label is the only column; there is nothing to tell it from");
        if (distributions[label] is not Categorical { Categories: int classes })
            throw new InvalidDataException($"column {Name(label, schema)}, the label, holds other values than classes 0, 1, 2, …");
        using Circuit roots = Build(parsed, structure, rows[0], label, [.. distributions.Where((_, v) => v != label)], classes, tree, seed, cancellation);
        return Juice.Structures.Classifier(roots, label);
    }

    /// <summary>Counts the Chow-Liu tree itself.</summary>
    public Circuit Count(
        ParseResult parsed, IReadOnlyList<Rows> rows, DataSchema? schema, double pseudocount, int threads, ulong seed, IProgress<double> progress,
        CancellationToken cancellation)
    {
        Distribution[] distributions = Distributions(parsed, rows, schema, cancellation);
        int column = Array.FindIndex(distributions, distribution => distribution is Gaussian);
        if (column >= 0) throw new InvalidDataException($"column {Name(column, schema)} holds other values than categories 0, 1, 2, …; a Chow-Liu tree is over such");
        Rows discrete = rows[0].WithCategories(distributions.Max(distribution => distribution.Domain!.Value));
        return Juice.Structures.ChowLiuTree(discrete, pseudocount, Tree(parsed, rows[0], threads, seed, progress), cancellation);
    }

    private Circuit Build(
        ParseResult parsed, string structure, Rows rows, int? label, Distribution[] distributions, int roots, TreeOptions tree, ulong seed,
        CancellationToken cancellation)
    {
        int latents = Latents(parsed);
        int[]? shape = Shape(parsed);
        // What the tree is learnt from are the other columns.
        if (label is int column) rows = rows.SelectColumns([.. Enumerable.Range(0, rows.Variables).Where(v => v != column)]);
        bool tied = parsed.GetValue(_tied), untied = parsed.GetValue(_untied);
        if (tied || (structure == Hmm && !untied)) distributions = ColumnDistributions.Alike(distributions);
        if (shape is not null && shape.Aggregate(1L, (product, side) => Math.Min(product * side, int.MaxValue)) != distributions.Length)
            throw new InvalidDataException($"a shape of {string.Join('×', shape)} is not one of the rows' {distributions.Length} variables");
        PoonDomingosOptions grid = new()
        {
            SplitIntervals = Given(parsed, _interval) is int interval ? [.. Enumerable.Repeat(interval, shape?.Length ?? 0)] : null,
            MostSplits = Given(parsed, _splits) ?? new PoonDomingosOptions().MostSplits,
            BlockSize = Given(parsed, _block) ?? 0,
            Tied = tied,
            Roots = roots,
        };
        if (grid.BlockSize > 0 && latents % grid.BlockSize != 0)
            throw new UsageException($"--block-size {grid.BlockSize} does not divide the {latents} latents.");
        return structure switch
        {
            Hclt when label is not null => Juice.Structures.Hclt(Trees.ChowLiu(rows, tree, cancellation), distributions, latents, seed, tied, roots),
            Hclt => Juice.Structures.Hclt(rows, latents, seed, new()
            {
                Distributions = distributions,
                Start = Start(parsed) == Clusters ? HcltStart.Clusters : HcltStart.Random,
                TiedInputs = tied,
                Tree = tree,
            }, cancellation),
            Hmm => Juice.Structures.Hmm(distributions, latents, seed, new() { Homogeneous = !untied, Roots = roots }),
            RatSpn => Juice.Structures.RatSpn(distributions, latents, seed, new()
            {
                Depth = Given(parsed, _depth) ?? new RatSpnOptions().Depth,
                Repetitions = Given(parsed, _repetitions) ?? new RatSpnOptions().Repetitions,
                Pieces = Given(parsed, _pieces) ?? new RatSpnOptions().Pieces,
                Roots = roots,
            }),
            Pd => Juice.Structures.PoonDomingos(shape!, distributions, latents, seed, grid),
            PdHclt => Juice.Structures.PdHclt(rows, shape!, latents, seed, grid, distributions, tree, cancellation),
            Binary => Juice.Structures.RandomBinaryTree(distributions, latents, seed, roots),
            Linear => Juice.Structures.LinearTree(distributions, latents, seed, roots: roots),
            QuadTree => Juice.Structures.QuadTree(shape![0], shape[1], distributions, latents, seed, roots),
            QuadGraph => Juice.Structures.QuadGraph(shape![0], shape[1], distributions, latents, seed, roots),
            _ => Juice.Structures.FullyFactorized(distributions, latents, seed, roots),
        };
    }

    private Distribution[] Distributions(ParseResult parsed, IReadOnlyList<Rows> rows, DataSchema? schema, CancellationToken cancellation)
    {
        int? categories = Given(parsed, _categories);
        if (schema is null) return ColumnDistributions.Of(rows, categories, cancellation);
        return categories is null ? [.. schema.Distributions] : throw new UsageException("--categories goes without --table and --text, which find the categories.");
    }

    private static string Name(int column, DataSchema? schema) => schema is TableSchema table ? $"'{table.NameOf(column)}'" : $"{column}";

    private TreeOptions Tree(ParseResult parsed, Rows rows, int threads, ulong seed, IProgress<double>? progress) => new()
    {
        Bins = Given(parsed, _bins) ?? 0,
        RowLimit = TreeRows(parsed) ?? (rows.IsMapped ? MostMappedTreeRows : 0),
        Seed = seed,
        Threads = threads,
        Progress = progress,
    };

    private long? TreeRows(ParseResult parsed) => parsed.GetResult(_treeRows) is null ? null : parsed.GetValue(_treeRows);

    private int[]? Shape(ParseResult parsed) => parsed.GetResult(_shape) is null ? null : parsed.GetValue(_shape);

    private static int? Given(ParseResult parsed, Option<int> option) => parsed.GetResult(option) is null ? null : parsed.GetValue(option);
}
