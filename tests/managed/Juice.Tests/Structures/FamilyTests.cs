using Juice.Data;

namespace Juice.Tests;

/// <summary>The native builders of families, held to constructions by hand with <see cref="CircuitBuilder"/>.</summary>
public class FamilyTests
{
    private static Distribution[] Bits(int variables) => [.. Enumerable.Repeat(new Bernoulli(), variables)];

    [Test]
    public void An_hmm_is_the_chain_by_hand([Values(1, 2, 7)] int length, [Values(1, 3, 100)] int latents, [Values] bool homogeneous)
    {
        CircuitBuilder builder = new(length);
        int emission = builder.Input(length - 1, new Categorical(5), 1, latents), transition = -1;
        int rest = builder.Product([emission], 1, latents);
        for (int t = length - 2; t >= 0; t--)
        {
            int next = transition >= 0 && homogeneous ? builder.TiedSum([rest], transition) : builder.Sum([rest], 1, latents);
            transition = transition < 0 ? next : transition;
            int symbol = homogeneous ? builder.TiedInput(t, emission) : builder.Input(t, new Categorical(5), 1, latents);
            rest = builder.Product([symbol, next], 1, latents);
        }
        builder.Sum([rest], 1, 1);
        using Circuit byHand = builder.Build(seed: 9);

        using Circuit circuit = Structures.Hmm(length, new Categorical(5), latents, seed: 9, new HmmOptions { Homogeneous = homogeneous });

        Assert.That(circuit.ToJson(), Is.EqualTo(byHand.ToJson()));
    }

    [Test]
    public void A_rat_spn_is_the_random_splits_by_hand([Values(1, 2, 9)] int variables, [Values(1, 3)] int latents, [Values(2, 3)] int pieces)
    {
        RatSpnOptions options = new() { Depth = 2, Repetitions = 2, Pieces = pieces, Roots = 2 };
        CircuitBuilder builder = new(variables);
        Dictionary<int, int> inputs = [];
        int Input(int v) => inputs.TryGetValue(v, out int known) ? known : inputs[v] = builder.Input(v, new Bernoulli(), 1, latents);
        int Region(int[] region, int depth)
        {
            if (depth == options.Depth || region.Length == 1) return builder.Product([.. region.Order().Select(Input)], 1, latents);
            int parts = Math.Min(pieces, region.Length), at = 0;
            List<int> children = [];
            for (int p = 0; p < parts; p++)
            {
                int size = region.Length / parts + (p < region.Length % parts ? 1 : 0);
                int[] part = region[at..(at + size)];
                children.Add(size == 1 ? Input(part[0]) : builder.Sum([Region(part, depth + 1)], 1, latents));
                at += size;
            }
            return builder.Product([.. children], 1, latents);
        }
        builder.Sum([Region(Shuffled(variables, 11, 0x746c7073ul << 32), 0), Region(Shuffled(variables, 11, (0x746c7073ul << 32) + 1), 0)], 1, 2);
        using Circuit byHand = builder.Build(seed: 11);

        using Circuit circuit = Structures.RatSpn(Bits(variables), latents, seed: 11, options);

        Assert.That(circuit.ToJson(), Is.EqualTo(byHand.ToJson()));
    }

    [Test]
    public void A_poon_domingos_circuit_is_the_boxes_by_hand([Values(0, 2)] int mostSplits, [Values(4, 6)] int latents)
    {
        // A line of five cells, the last of one variable, the others of three.
        PoonDomingosOptions options = new() { SplitIntervals = [3], MostSplits = mostSplits, BlockSize = 2 };
        int blocks = latents / 2;
        int[,] within = new int[2, blocks];
        for (int block = 0; block < blocks; block++) within[0, block] = within[1, block] = block;
        CircuitBuilder builder = new(13);
        Dictionary<(int, int), (int[] Operands, int[,]? Edges)> regions = [];
        Dictionary<(int, int), int> sums = [];
        int forms = 0;
        int Input(int v) => builder.Input(v, new Bernoulli(), blocks, 2);
        int Mix(int part) => builder.Sum([part], blocks, 2, within);
        (int[], int[,]?) Region(int begin, int end)
        {
            if (regions.TryGetValue((begin, end), out var known)) return known;
            return regions[(begin, end)] = end - begin == 1 ? (begin == 4 ? ([Input(12)], null) : Cell(3 * begin)) : Splits(begin, end);
        }
        (int[], int[,]?) Cell(int first)
        {
            int[] inputs = [Input(first), Input(first + 1), Input(first + 2)], pixels = [.. inputs.Select(Mix)];
            int pair = Mix(builder.Product([pixels[0], pixels[1]], blocks, 2));
            return ([builder.Product([pair, pixels[2]], blocks, 2)], within);
        }
        (int[], int[,]?) Splits(int begin, int end)
        {
            int count = end - begin - 1;
            List<int>[]? read = null;
            if (mostSplits > 0 && count > mostSplits && count < 4)
            {
                int[] deck = Shuffled(count, 5, (0x6470ul << 32) + (ulong)forms);
                forms++;
                int next = 0;
                read = [.. Enumerable.Range(0, blocks).Select(_ => Enumerable.Range(0, mostSplits).Select(_ => deck[next++ % count]).Order().ToList())];
            }
            List<int> operands = [], places = [];
            for (int split = 0; split < count; split++)
            {
                places.Add(operands.Count);
                if (read is not null && !read.Any(block => block.Contains(split))) continue;
                int lower = Sum(begin, begin + 1 + split), upper = Sum(begin + 1 + split, end);
                operands.Add(builder.Product([lower, upper], blocks, 2));
            }
            if (read is null) return ([.. operands], null);
            var edges = read.SelectMany((block, i) => block.SelectMany(split => Enumerable.Range(0, blocks).Select(j => (i, places[split] * blocks + j)))).ToList();
            int[,] wiring = new int[2, edges.Count];
            for (int e = 0; e < edges.Count; e++) (wiring[0, e], wiring[1, e]) = edges[e];
            return ([.. operands], wiring);
        }
        int Sum(int begin, int end)
        {
            if (sums.TryGetValue((begin, end), out int known)) return known;
            bool drawn = mostSplits > 0 && end - begin - 1 > mostSplits;
            (int[] operands, int[,]? edges) = Region(begin, end);
            if (begin == 4) return sums[(begin, end)] = operands[0];
            if (!drawn) forms++;
            return sums[(begin, end)] = builder.Sum(operands, blocks, 2, edges);
        }
        builder.Sum(Region(0, 5).Item1, 1, 1);
        using Circuit byHand = builder.Build(seed: 5);

        using Circuit circuit = Structures.PoonDomingos([13], Bits(13), latents, seed: 5, options);

        Assert.That(circuit.ToJson(), Is.EqualTo(byHand.ToJson()));
    }

    [Test]
    public void An_hclt_is_the_tree_by_hand([Values(1, 3)] int roots, [Values] bool tied)
    {
        CircuitBuilder builder = new(4);
        int Input(int v) => tied && builder.Count > 0 ? builder.TiedInput(v, 0) : builder.Input(v, new Bernoulli(), 1, 3);
        int second = Input(2), last = Input(3), inner = Input(1);
        int below = builder.Sum([builder.Product([inner, second, last], 1, 3)], 1, 3);
        builder.Sum([builder.Product([Input(0), below], 1, 3)], 1, roots);
        using Circuit byHand = builder.Build(seed: 2);

        using Circuit circuit = Structures.Hclt([-1, 0, 1, 1], Bits(4), latents: 3, seed: 2, tied, roots);

        Assert.That(circuit.ToJson(), Is.EqualTo(byHand.ToJson()));
    }

    [Test]
    public void Every_family_gives_the_engine_a_distribution([ValueSource(nameof(Small))] Func<Circuit> build)
    {
        using Circuit circuit = build();
        using CompiledCircuit model = circuit.Compile();
        int variables = circuit.Variables;
        byte[] all = [.. Enumerable.Range(0, 1 << variables).SelectMany(row => Enumerable.Range(0, variables).Select(v => (byte)(row >> v & 1)))];
        double[] logs = model.LogLikelihood(Rows.Of(all, variables));

        Assert.That(logs.Sum(Math.Exp), Is.EqualTo(1).Within(1e-5));
        Assert.That(model.LogLikelihood<double>([.. Enumerable.Repeat(double.NaN, variables)]), Is.Zero.Within(1e-5));

        Rows train = Some.Rows(count: 100, variables, categories: 2);
        double before = model.LogLikelihood(train).Average();
        model.Fit(train, new FullBatchEm { Epochs = 3, Pseudocount = 0.01 });
        Assert.That(model.LogLikelihood(train).Average(), Is.GreaterThan(before));
    }

    private static IEnumerable<Func<Circuit>> Small =>
    [
        () => Structures.Hmm(6, new Bernoulli(), latents: 3, seed: 1),
        () => Structures.Hmm(6, new Bernoulli(), latents: 100, seed: 1, new HmmOptions { Homogeneous = false }),
        () => Structures.RatSpn(Bits(6), latents: 5, seed: 1),
        () => Structures.RatSpn(Bits(8), latents: 5, seed: 1, new() { Depth = 1, Pieces = 4 }),
        () => Structures.RatSpn(Bits(10), latents: 20, seed: 1, new() { Depth = 1, Pieces = 5, Repetitions = 1 }),
        () => Structures.PoonDomingos([2, 3], Bits(6), latents: 8, seed: 1, new() { SplitIntervals = [1, 1], MostSplits = 2, BlockSize = 2 }),
        () => Structures.PoonDomingos([2, 3], Bits(6), latents: 3, seed: 1, new() { SplitPoints = [[], [2]], Tied = true, ProductDominated = true }),
        () => Structures.PdHclt(Some.Rows(variables: 6, categories: 2), [2, 3], latents: 4, seed: 1, new() { SplitIntervals = [2, 2] }),
        () => Structures.RandomBinaryTree(Bits(6), latents: 4, seed: 1),
        () => Structures.LinearTree(Bits(6), latents: 4, seed: 1),
        () => Structures.LinearTree(Bits(6), latents: 4, seed: 1, [5, 0, 4, 1, 3, 2]),
        () => Structures.QuadTree(2, 3, Bits(6), latents: 4, seed: 1),
        () => Structures.QuadGraph(3, 2, Bits(6), latents: 4, seed: 1),
        () => Structures.FullyFactorized(Bits(6), components: 7, seed: 1),
        () => Structures.Hclt([1, 2, -1, 2, 3, 4], Bits(6), latents: 3, seed: 1, tiedInputs: true),
    ];

    [Test]
    public void A_long_sequence_keeps_its_shared_emissions_a_distribution()
    {
        // Rows like images, a bright patch on black: one table adds up 200,000 flows a step, most of them of one value and nearly 1.
        Random random = new(1);
        byte[] entries = new byte[1024 * 784];
        for (int i = 0; i < entries.Length; i++)
        {
            int row = i / 784, y = i % 784 / 28, x = i % 28, size = 6 + row % 8;
            bool patch = Math.Abs(y - 14) < size && Math.Abs(x - 14) < size / 2 + row % 5;
            entries[i] = (byte)(patch ? 100 + (row * 7 + y) % 100 + random.Next(20) : 0);
        }
        using Circuit circuit = Structures.Hmm(784, new Categorical(256), latents: 16, seed: 1);
        using CompiledCircuit model = circuit.Compile();

        model.Fit(Rows.Of(entries, 784), new MiniBatchEm { Epochs = 6 });

        using Circuit trained = model.ToCircuit();
        NodeVector emission = trained.Vectors.Single(vector => vector.Type == NodeType.Input && vector.TiedTo is null);
        Assert.That(emission.Parameters.ToArray().Chunk(256).Select(node => node.Sum(probability => (double)probability)), Is.All.EqualTo(1).Within(2e-5));
    }

    [Test]
    public void Bad_options_are_named()
    {
        Assert.That(() => Structures.Hmm(0, new Bernoulli(), 2), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("length"));
        Assert.That(() => Structures.Hmm([new Bernoulli(), new Categorical(2)], 2),
            Throws.ArgumentException.With.Message.Contains("distributions[1] is another than distributions[0]"));
        Assert.That(() => Structures.Hmm([], 2), Throws.ArgumentException.With.Message.Contains("variables is 0"));
        Assert.That(() => Structures.RatSpn(Bits(3), 2, options: new() { Depth = 0 }), Throws.ArgumentException.With.Message.Contains("depth is 0"));
        Assert.That(() => Structures.RatSpn(Bits(3), 2, options: new() { Roots = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("Roots"));
        Assert.That(() => Structures.PoonDomingos([2, 2], Bits(3), 2), Throws.ArgumentException.With.Message.Contains("3 variables for a shape of 2 × 2"));
        Assert.That(() => Structures.PoonDomingos([], [], 2), Throws.ArgumentException.With.Message.Contains("at least one axis"));
        Assert.That(() => Structures.PoonDomingos([3], Bits(3), 2, options: new() { SplitIntervals = [1], SplitPoints = [[1]] }),
            Throws.ArgumentException.With.Message.Contains("both given"));
        Assert.That(() => Structures.PoonDomingos([3], Bits(3), 2, options: new() { SplitIntervals = [1, 2] }),
            Throws.ArgumentException.With.Message.Contains("2 axes, and the shape has 1"));
        Assert.That(() => Structures.PoonDomingos([3], Bits(3), 2, options: new() { SplitPoints = [[2, 1]] }),
            Throws.ArgumentException.With.Message.Contains("axis 0 is split at 1 after 2"));
        Assert.That(() => Structures.QuadTree(2, 2, Bits(5), 2), Throws.ArgumentException.With.Message.Contains("5 distributions for 2 × 2 pixels"));
        Assert.That(() => Structures.LinearTree(Bits(3), 2, order: [0, 1, 1]), Throws.ArgumentException.With.Message.Contains("each of the variables 0 … 2 once"));
        Assert.That(() => Structures.FullyFactorized(Bits(3), 0), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("components"));
        HcltOptions clusters = new() { Start = HcltStart.Clusters, Roots = 2 };
        Assert.That(() => Structures.Hclt(Some.Rows(), 2, options: clusters), Throws.ArgumentException.With.Message.Contains("one root"));
    }

    [Test]
    public void Tied_inputs_take_the_distribution_of_the_column_with_most_categories()
    {
        Rows rows = Rows.Of(new byte[] { 0, 4, 1, 2 }, 2);

        using Circuit circuit = Structures.Hclt(rows, latents: 2, options: new() { TiedInputs = true });

        Assert.That(Structures.DistributionsOf(rows), Is.EqualTo(new[] { new Categorical(2), new Categorical(5) }));
        Assert.That(circuit.Vectors.Where(vector => vector.Type == NodeType.Input).Select(vector => vector.Distribution), Is.All.EqualTo(new Categorical(5)));
    }

    [Test]
    public void A_quad_graph_has_both_ways_to_the_quadrants()
    {
        using Circuit tree = Structures.QuadTree(4, 4, Bits(16), latents: 2), graph = Structures.QuadGraph(4, 4, Bits(16), latents: 2);

        // Five regions of four: a product of four each in the tree; four halves of two and two products of halves each in the graph.
        Assert.That(tree.ProductEdges, Is.EqualTo(5 * 4 * 2));
        Assert.That(graph.ProductEdges, Is.EqualTo(5 * (4 * 2 + 2 * 2) * 2));
        Assert.That(tree.SumEdges, Is.EqualTo(4 * 4 + 2));
        Assert.That(graph.SumEdges, Is.EqualTo(5 * 4 * 4 + 4 * 8 + 4));
    }

    private static int[] Shuffled(int count, ulong seed, ulong stream)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = 0; i + 1 < count; i++)
        {
            int other = i + (int)Philox.DrawBelow(count - i, seed, stream, (ulong)i);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }
}
