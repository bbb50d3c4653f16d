namespace Juice;

public static partial class Structures
{
    /// <summary>A mixture of independent variables: each component is the product of an input of every variable.</summary>
    /// <param name="distributions">Each variable's distribution; any but an indicator.</param>
    /// <param name="components">Products to mix; 1, the default: the variables are independent.</param>
    /// <param name="seed">Draws the parameters.</param>
    /// <param name="roots">Nodes of the root, each a mixture of its own of the same components.</param>
    /// <exception cref="ArgumentException">A value breaks a rule.</exception>
    public static Circuit FullyFactorized(IReadOnlyList<Distribution> distributions, int components = 1, ulong seed = 0, int roots = 1)
    {
        ArgumentNullException.ThrowIfNull(distributions);
        ArgumentOutOfRangeException.ThrowIfLessThan(components, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(roots, 1);
        CircuitBuilder builder = new(distributions.Count);
        int[] inputs = [.. distributions.Select((distribution, v) => builder.Input(v, distribution, 1, components))];
        builder.Sum([builder.Product(inputs, 1, components)], 1, roots);
        return builder.Build(seed: seed);
    }

    /// <summary>A mixture of circuits over the same variables, with their parameters: its root is a sum over theirs.</summary>
    /// <param name="circuits">The circuits, each with one root.</param>
    /// <param name="weights">Their weights, which add up to 1; null: equal ones.</param>
    /// <exception cref="ArgumentException">A circuit has several roots or other variables, or the weights are no distribution over the circuits.</exception>
    public static Circuit Mixture(IReadOnlyList<Circuit> circuits, IReadOnlyList<double>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(circuits);
        if (circuits.Count == 0) throw new ArgumentException("A mixture has at least one circuit.", nameof(circuits));
        CheckDistribution(weights, circuits.Count, nameof(weights));
        CircuitBuilder builder = new(circuits[0].Variables);
        List<int> roots = [];
        for (int i = 0; i < circuits.Count; i++)
        {
            if (circuits[i].Roots != 1) throw new ArgumentException($"circuits[{i}] has {circuits[i].Roots} roots; each of a mixture has one.", nameof(circuits));
            if (circuits[i].Variables != circuits[0].Variables)
            {
                throw new ArgumentException(
                    $"circuits[{i}] has {circuits[i].Variables} variables and circuits[0] {circuits[0].Variables}; those of a mixture have the same.", nameof(circuits));
            }
            roots.Add(CircuitCopy.Add(builder, circuits[i], variable => variable));
        }
        builder.Sum([.. roots], 1, 1, parameters: [.. Enumerable.Range(0, circuits.Count).Select(i => (float)(weights?[i] ?? 1.0 / circuits.Count))]);
        return builder.Build();
    }

    /// <summary>
    /// A classifier: of a circuit with a root a class, each the distribution of a row given that class, the joint distribution of row and class. It has one root
    /// and one variable more, the label, and is trained like any circuit, on rows with their labels in that column.
    /// </summary>
    /// <remarks>
    /// P(class | row) is <see cref="CompiledCircuit.Conditional(Rows, int, CancellationToken)"/> of the label. Rows without a label (missing) count, too.
    /// </remarks>
    /// <param name="classes">The circuit, of any structure with several <c>roots</c>.</param>
    /// <param name="label">The number of the label's variable in the new circuit; those from there on move up by one.</param>
    /// <param name="prior">The classes' probabilities before training, which add up to 1; null: equal ones.</param>
    /// <exception cref="ArgumentException">The circuit has one root, there is no such place, or the prior is no distribution over the classes.</exception>
    public static Circuit Classifier(Circuit classes, int label, IReadOnlyList<double>? prior = null)
    {
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(label, classes.Variables);
        int count = classes.Roots;
        if (count < 2) throw new ArgumentException("The circuit has one root; a classifier has one a class, two at least.", nameof(classes));
        CheckDistribution(prior, count, nameof(prior));
        CircuitBuilder builder = new(classes.Variables + 1);
        int rows = CircuitCopy.Add(builder, classes, variable => variable < label ? variable : variable + 1);
        NodeVector root = classes.Vectors[classes.Root];
        int labels = builder.Input(label, new Indicator(count), root.NodeBlocks, root.BlockSize);
        int joint = builder.Product([rows, labels], root.NodeBlocks, root.BlockSize);
        builder.Sum([joint], 1, 1, parameters: [.. Enumerable.Range(0, count).Select(i => (float)(prior?[i] ?? 1.0 / count))]);
        return builder.Build();
    }

    private static void CheckDistribution(IReadOnlyList<double>? weights, int count, string name)
    {
        if (weights is null) return;
        if (weights.Count != count) throw new ArgumentException($"There are {weights.Count} of them for {count}.", name);
        if (!weights.All(weight => weight is >= 0 and <= 1) || Math.Abs(weights.Sum() - 1) > 1e-6)
            throw new ArgumentException($"They are {string.Join(", ", weights)}; each is 0 to 1, and they add up to 1.", name);
    }
}
