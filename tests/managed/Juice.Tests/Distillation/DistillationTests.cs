using Juice.Tests.Data;

namespace Juice.Tests.Distilling;

public class DistillationTests
{
    private const int States = 3, Categories = 4;

    // A chain of hidden states that mostly stay as they are, each seen through a category: rows and the states behind them.
    private static (Rows Rows, int[][] States) Chain(int rows, int variables, int seed)
    {
        Random random = new(seed);
        byte[] seen = new byte[rows * variables];
        int[][] states = [.. Enumerable.Range(0, variables).Select(_ => new int[rows])];
        for (int row = 0; row < rows; row++)
        {
            int state = random.Next(States);
            for (int v = 0; v < variables; v++)
            {
                if (random.Next(10) == 0) state = random.Next(States);
                states[v][row] = state;
                seen[row * variables + v] = (byte)(random.Next(4) == 0 ? random.Next(Categories) : state);
            }
        }
        return (Rows.Of(seen, variables).WithCategories(Categories), states);
    }

    private static Distribution[] Seen(int variables) => [.. Enumerable.Repeat(new Categorical(Categories), variables)];

    private static int[] ChainParents(int variables) => [.. Enumerable.Range(-1, variables)];

    // The last of a chain, a leaf, hangs on the state of the one before it.
    private static LatentLabels[] Labels(Circuit circuit, int[][] states) =>
        [.. states.Select((labels, v) => new LatentLabels(Distillation.StateOf(circuit, v), labels)).DistinctBy(labels => labels.Vector)];

    [Test]
    public void Parameters_are_the_counts_of_rows_and_labels()
    {
        (Rows rows, int[][] states) = Chain(rows: 500, variables: 3, seed: 1);
        using Circuit circuit = Structures.Hclt(ChainParents(3), Seen(3), States, seed: 1);

        using Circuit counted = Distillation.FromLabels(circuit, rows, Labels(circuit, states), new() { Pseudocount = 0 });

        // The likelihood of a row, worked out by hand: Σ over states of products of the counts' shares.
        double[] entries = rows.Entries();
        double Share(Func<int, bool> of, Func<int, bool> within) => (double)Enumerable.Range(0, 500).Count(row => of(row) && within(row)) / Enumerable.Range(0, 500).Count(within);
        double likelihood = 0;
        for (int a = 0; a < States; a++)
        {
            double first = Share(row => states[0][row] == a, _ => true) * Share(row => entries[row * 3] == 1, row => states[0][row] == a);
            for (int b = 0; b < States; b++)
            {
                double second = Share(row => states[1][row] == b, row => states[0][row] == a) * Share(row => entries[row * 3 + 1] == 0, row => states[1][row] == b);
                likelihood += first * second * Share(row => entries[row * 3 + 2] == 2, row => states[1][row] == b);
            }
        }
        using CompiledCircuit model = counted.Compile(Device.Cpu);
        Assert.That(model.LogLikelihood<byte>([1, 0, 2]), Is.EqualTo(Math.Log(likelihood)).Within(1e-5));
    }

    [Test]
    public void Training_that_starts_from_labels_is_ahead_on_rows_it_has_not_seen()
    {
        (Rows rows, int[][] states) = Chain(rows: 1000, variables: 20, seed: 1);
        (Rows others, _) = Chain(rows: 1000, variables: 20, seed: 2);
        using Circuit circuit = Structures.Hclt(ChainParents(20), Seen(20), States, seed: 1);
        using Circuit distilled = Distillation.FromLabels(circuit, rows, Labels(circuit, states));

        double Trained(Circuit start, int epochs)
        {
            using CompiledCircuit model = start.Compile(Device.Cpu);
            if (epochs > 0) model.Fit(rows, new FullBatchEm { Epochs = epochs, Pseudocount = 0.1 });
            return model.MeanLogLikelihood(others);
        }

        double random = Trained(circuit, 10), before = Trained(distilled, 0), after = Trained(distilled, 10);
        Assert.That(before, Is.GreaterThan(random + 0.1), "without any training");
        Assert.That(after, Is.GreaterThan(random + 0.1).And.GreaterThan(before - 0.1));
    }

    [Test]
    public void Clusters_of_the_variables_around_a_state_are_labels_that_help()
    {
        (Rows rows, _) = Chain(rows: 1000, variables: 20, seed: 1);
        (Rows others, _) = Chain(rows: 1000, variables: 20, seed: 2);
        using Circuit circuit = Structures.Hclt(ChainParents(20), Seen(20), States, seed: 1);
        // One clustering for all, so that a state means the same along the chain.
        byte[] windows = new byte[1000 * 20 * 5 * Categories];
        double[] entries = rows.Entries();
        for (int i = 0; i < entries.Length; i++)
        {
            for (int d = -2; d <= 2; d++)
            {
                int v = Math.Clamp(i % 20 + d, 0, 19);
                windows[(i * 5 + d + 2) * Categories + (int)entries[i / 20 * 20 + v]] = 1;
            }
        }
        int[] labels = Distillation.Clusters(Rows.Of(windows, 5 * Categories), States, seed: 1);
        int[][] states = [.. Enumerable.Range(0, 20).Select(v => Enumerable.Range(0, 1000).Select(row => labels[row * 20 + v]).ToArray())];

        using Circuit distilled = Distillation.FromLabels(circuit, rows, Labels(circuit, states));

        using CompiledCircuit random = circuit.Compile(Device.Cpu), counted = distilled.Compile(Device.Cpu);
        random.Fit(rows, new FullBatchEm { Epochs = 5, Pseudocount = 0.1 });
        counted.Fit(rows, new FullBatchEm { Epochs = 5, Pseudocount = 0.1 });
        Assert.That(counted.MeanLogLikelihood(others), Is.GreaterThan(random.MeanLogLikelihood(others) + 0.1));
    }

    [Test]
    public void States_without_labels_are_inferred_from_those_that_have_some()
    {
        (Rows rows, int[][] states) = Chain(rows: 600, variables: 8, seed: 1);
        using Circuit circuit = Structures.Hclt(ChainParents(8), Seen(8), States, seed: 1);
        LatentLabels[] all = Labels(circuit, states);
        LatentLabels[] half = [.. all.Where((_, v) => v % 2 == 0).Select(one => one with
        {
            Labels = one.Labels.ToArray().Select((label, row) => row % 3 == 0 ? -1 : label).ToArray(),
        })];

        double Score(LatentLabels[] labels, int rounds)
        {
            using Circuit counted = Distillation.FromLabels(circuit, rows, labels, new() { Rounds = rounds });
            using CompiledCircuit model = counted.Compile(Device.Cpu);
            return model.MeanLogLikelihood(rows);
        }

        double whole = Score(all, 1), once = Score(half, 1), often = Score(half, 20);
        Assert.That(often, Is.GreaterThan(once));
        Assert.That(often, Is.EqualTo(whole).Within(0.2));
    }

    [Test]
    public void Homogeneous_markov_models_and_other_circuits_take_labels_and_keep_what_they_are()
    {
        (Rows rows, int[][] states) = Chain(rows: 400, variables: 6, seed: 1);
        using Circuit hmm = Structures.Hmm(Seen(6), States, seed: 1).WithMetadata("data", "chain");
        using Circuit tree = Structures.RandomBinaryTree(Seen(6), latents: States, seed: 1);

        using Circuit counted = Distillation.FromLabels(hmm, rows, Labels(hmm, states));
        using Circuit other = Distillation.FromLabels(tree, rows, [new(Distillation.StateOf(tree, 2), states[2])]);

        Assert.That((counted.ToString(), counted.Metadata["data"]), Is.EqualTo((hmm.ToString(), "chain")));
        Assert.That(other.ToString(), Is.EqualTo(tree.ToString()));
        using CompiledCircuit random = hmm.Compile(Device.Cpu), model = counted.Compile(Device.Cpu);
        Assert.That(model.MeanLogLikelihood(rows), Is.GreaterThan(random.MeanLogLikelihood(rows) + 0.5));
        double[] nothing = new double[6];
        Array.Fill(nothing, double.NaN);
        Assert.That(model.LogLikelihood<double>(nothing), Is.Zero.Within(1e-5));
    }

    [Test]
    public void Answers_do_not_depend_on_threads_and_odd_sizes_work([Values(1, 7, 100)] int count, [Values(1, 3, 100)] int latents)
    {
        (Rows rows, int[][] states) = Chain(count, variables: 4, seed: 3);
        int[][] labels = [.. states.Select(state => state.Select(s => s % latents).ToArray())];
        using Circuit circuit = Structures.Hclt(ChainParents(4), Seen(4), latents, seed: 1);

        using Circuit one = Distillation.FromLabels(circuit, rows, Labels(circuit, labels), new() { Threads = 1 });
        using Circuit two = Distillation.FromLabels(circuit, rows, Labels(circuit, labels), new() { Threads = 2 });

        using CompiledCircuit first = one.Compile(Device.Cpu), second = two.Compile(Device.Cpu);
        Assert.That(first.LogLikelihood(rows), Is.EqualTo(second.LogLikelihood(rows)).And.All.GreaterThan(double.NegativeInfinity));
    }

    [Test]
    public void Missing_entries_and_weights_count_as_in_training()
    {
        using Circuit circuit = Structures.Hclt([-1], [new Categorical(2)], 2, seed: 1);
        Rows rows = Rows.Of(new byte[] { 0, 1, 1, 9 }, 1).WithSentinel(9).WithWeights(new float[] { 1, 2, 0, 3 });

        using Circuit counted = Distillation.FromLabels(
            circuit, rows, [new(Distillation.StateOf(circuit, 0), new[] { 0, 0, 1, 1 })], new() { Pseudocount = 0 });

        // State 0 weighs 3 of 6 and is seen as 1 two times in three; state 1 weighs as much and what it looks like stays as it was.
        using CompiledCircuit model = counted.Compile(Device.Cpu), before = circuit.Compile(Device.Cpu);
        float[] inputs = counted.Vectors[0].Parameters.ToArray(), old = circuit.Vectors[0].Parameters.ToArray();
        Assert.That(inputs[..2], Is.EqualTo(new[] { 1 / 3f, 2 / 3f }).Within(1e-6));
        Assert.That(inputs[2..], Is.EqualTo(old[2..]).Within(1e-6));
    }

    [Test]
    public void Clusters_find_what_is_apart_by_the_columns_asked_for()
    {
        Random random = new(1);
        float[] points = new float[300 * 2];
        for (int i = 0; i < 300; i++) (points[i * 2], points[i * 2 + 1]) = ((float)random.NextDouble() * 100, i % 3 * 10 + (float)random.NextDouble());
        Rows rows = Rows.Of(points, 2);

        int[] labels = Distillation.Clusters(rows, 3, seed: 4, columns: [1]);

        Assert.That(labels.Select((label, i) => (label, i % 3)).Distinct().Count(), Is.EqualTo(3), "one cluster a kind");
        Assert.That(Distillation.Clusters(rows, 3, seed: 4, columns: [1], threads: 1), Is.EqualTo(labels));
    }

    [Test]
    public void What_makes_no_sense_is_refused_with_a_sentence()
    {
        (Rows rows, int[][] states) = Chain(rows: 10, variables: 4, seed: 1);
        using Circuit circuit = Structures.Hclt(ChainParents(4), Seen(4), States, seed: 1);
        using Circuit random = Structures.RatSpn(Seen(4), States, seed: 1, new() { Depth = 2, Repetitions = 2 });
        int state = Distillation.StateOf(circuit, 1);
        void Refused(Circuit of, IReadOnlyList<LatentLabels> labels, string sentence) =>
            Assert.That(() => Distillation.FromLabels(of, rows, labels), Throws.ArgumentException.With.Message.Contains(sentence));

        Refused(circuit, [], "There are no labels");
        Refused(circuit, [new(state, new int[9])], "labels[0] has 9 labels for 10 rows");
        Refused(circuit, [new(state, new[] { 0, 0, 0, 3, 0, 0, 0, 0, 0, 0 })], $"labels[0] of row 3 is 3; vector {state} has the states 0 … 2");
        Refused(circuit, [new(circuit.Root, new int[10])], "and not the root");
        Refused(circuit, [new(state, new int[10]), new(state, new int[10])], "as others are");
        int region = random.Vectors.First(vector => vector.Type == NodeType.Sum && vector.Id != random.Root).Id;
        Refused(random, [new(region, new int[10])], "some labelled vector is left out by a part of it");
        Assert.That(() => Distillation.StateOf(random, 1), Throws.ArgumentException.With.Message.Contains("the first is read by 2 vectors"));
        Assert.That(() => Distillation.StateOf(circuit, 4), Throws.ArgumentException.With.Message.Contains("There is no variable 4"));
        Assert.That(() => Distillation.Clusters(rows, 2, columns: [4]), Throws.ArgumentException.With.Message.Contains("There is no column 4"));
        Assert.That(states, Has.Length.EqualTo(4));
    }
}
