using Juice.Data;

namespace Juice;

/// <summary>
/// Latent variable distillation (Liu, Zhang &amp; Van den Broeck, "Scaling Up Probabilistic Circuits by Latent Variable Distillation", 2023): hidden states get
/// labels from elsewhere, such as clusters of a deep model's embeddings, and a circuit's parameters are counted from rows with these labels. Training then starts
/// from there, rather than from chance.
/// </summary>
/// <remarks>Safe to use from any number of threads.</remarks>
public static class Distillation
{
    /// <summary>The same circuit with parameters counted from rows whose hidden states are known, some or all of them.</summary>
    /// <remarks>
    /// Each labelled vector is joined with its label as one observed variable more, and expectation maximisation over all rows at once, with a step size of 1,
    /// does the counting: where all states have labels, one pass is the maximum likelihood of rows and labels together. The labels are then summed out again:
    /// the result has the variables, wiring and metadata that the circuit had. Masks, weights and missing entries of the rows count as in training.
    /// </remarks>
    /// <param name="circuit">A circuit of one root.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="labels">What is known of its hidden states, each vector once; at least one.</param>
    /// <param name="options">How to count; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between batches.</param>
    /// <exception cref="ArgumentException">
    /// A label is not one of its vector's nodes, or there are not as many as rows; a vector is the root, or is left out by a part of the circuit (as a region of one
    /// of several random splits is), so that a row may have no such state; or an option breaks a rule.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static Circuit FromLabels(
        Circuit circuit, Rows rows, IReadOnlyList<LatentLabels> labels, DistillationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new();
        Check(circuit, rows, labels);
        if (options.Rounds < 1) throw new ArgumentException($"Rounds is {options.Rounds}; at least 1 is needed.", nameof(options));

        CompileOptions compile = new() { Threads = options.Threads };
        (Circuit joined, int[] places) = Join(circuit, labels);
        using (joined)
        using (CompiledCircuit counting = joined.Compile(options.Device ?? Device.Cpu, compile))
        using (CompiledCircuit result = circuit.Compile(options.Device ?? Device.Cpu, compile))
        {
            Rows known = Rows.FromSource(new LabelledRows(rows, labels));
            if (!rows.Weights.IsEmpty) known = known.WithWeights(rows.Weights);
            FitResult fit = counting.Fit(
                known, new FullBatchEm { Epochs = options.Rounds, Pseudocount = options.Pseudocount }, cancellationToken: cancellationToken);
            if (fit.Epochs[0].ImpossibleRows == rows.Count)
                throw new ArgumentException("With these labels every row is impossible in the circuit, so that nothing can be counted.", nameof(labels));
            foreach (NodeVector vector in circuit.Vectors)
                if (vector.TiedTo is null && vector.ParameterCount > 0) result.SetParameters(vector.Id, counting.GetParameters(places[vector.Id]));
            return result.ToCircuit();
        }
    }

    /// <summary>
    /// The vector whose nodes are the hidden states right above a variable: in hidden Chow-Liu trees and hidden Markov models the state of that variable. It is
    /// the product that reads the variable's input, or the input itself where a sum reads it. (A leaf of a hidden Chow-Liu tree has no state of its own: it hangs on
    /// its parent's.)
    /// </summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="variable">The variable.</param>
    /// <exception cref="ArgumentException">There is no such variable, or it has several inputs, or an input that several vectors read.</exception>
    public static int StateOf(Circuit circuit, int variable)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        NodeVector[] inputs = [.. circuit.Vectors.Where(vector => vector.Variable == variable)];
        if (inputs.Length == 0) throw new ArgumentException($"There is no variable {variable} among {circuit.Variables}.", nameof(variable));
        NodeVector[] readers = [.. circuit.Vectors.Where(vector => vector.Children.Contains(inputs[0].Id))];
        if (inputs.Length > 1 || readers.Length != 1)
        {
            throw new ArgumentException(
                $"Variable {variable} has {inputs.Length} input vectors, and the first is read by {readers.Length} vectors; "
                    + "it has one hidden state only where both are 1.",
                nameof(variable));
        }
        return readers[0].Type == NodeType.Product ? readers[0].Id : inputs[0].Id;
    }

    /// <summary>
    /// Clusters of rows, or of some of their columns, by k-means (Lloyd, 1982), for labels: embeddings as rows of <c>float</c>, or the variables around a hidden state.
    /// </summary>
    /// <param name="rows">The rows, at least one.</param>
    /// <param name="clusters">How many clusters.</param>
    /// <param name="seed">Draws the rows that are the first centres.</param>
    /// <param name="columns">The columns to go by; null, the default: all.</param>
    /// <param name="threads">Processor threads; 0, the default, is all cores. The result does not depend on it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The number of its cluster for every row.</returns>
    /// <exception cref="ArgumentException">There are no rows, or no such columns, or under one cluster.</exception>
    public static int[] Clusters(
        Rows rows, int clusters, ulong seed = 0, IReadOnlyList<int>? columns = null, int threads = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusters, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        if (rows.Count == 0) throw new ArgumentException("There are no rows to put into clusters.", nameof(rows));
        Rows seen = columns is null ? rows : rows.SelectColumns(columns);
        // Columns as wide as their values vary; a domain would say so only of categories that are numbers.
        RowClusters found = RowClusters.Of(
            seen, [.. Enumerable.Repeat(new Gaussian(), seen.Variables)], clusters, seed, threads, cancellationToken);
        int[] labels = new int[rows.Count];
        RowChunks chunks = new(seen);
        while (chunks.Next(cancellationToken)) found.Assign(chunks.Entries).CopyTo(labels, chunks.First);
        return labels;
    }

    private static void Check(Circuit circuit, Rows rows, IReadOnlyList<LatentLabels> labels)
    {
        if (circuit.Roots != 1) throw new ArgumentException($"The circuit has {circuit.Roots} roots; one is needed.", nameof(circuit));
        if (rows.Variables != circuit.Variables)
            throw new ArgumentException($"The rows have {rows.Variables} variables and the circuit {circuit.Variables}.", nameof(rows));
        if (rows.Count == 0) throw new ArgumentException("There are no rows to count.", nameof(rows));
        if (labels.Count == 0) throw new ArgumentException("There are no labels.", nameof(labels));
        HashSet<int> seen = [];
        for (int g = 0; g < labels.Count; g++)
        {
            int vector = labels[g].Vector;
            if (vector < 0 || vector >= circuit.Vectors.Count || vector == circuit.Root)
                throw new ArgumentException($"labels[{g}] are of vector {vector}; it is one of 0 … {circuit.Vectors.Count - 1}, and not the root.", nameof(labels));
            if (!seen.Add(vector)) throw new ArgumentException($"labels[{g}] are of vector {vector}, as others are.", nameof(labels));
            if (labels[g].Labels.Length != rows.Count)
                throw new ArgumentException($"labels[{g}] has {labels[g].Labels.Length} labels for {rows.Count} rows.", nameof(labels));
            long nodes = circuit.Vectors[vector].Nodes;
            int row = labels[g].Labels.Span.IndexOfAnyExceptInRange(-1, (int)Math.Min(nodes - 1, int.MaxValue));
            if (row >= 0)
            {
                throw new ArgumentException(
                    $"labels[{g}] of row {row} is {labels[g].Labels.Span[row]}; vector {vector} has the states 0 … {nodes - 1}, and -1 is none.", nameof(labels));
            }
        }
    }

    // Every labelled vector times indicators of its label, one a node; whoever read the vector reads that. Answers the new numbers of the vectors, too.
    private static (Circuit Joined, int[] Places) Join(Circuit circuit, IReadOnlyList<LatentLabels> labels)
    {
        CircuitBuilder builder = new(circuit.Variables + labels.Count);
        Dictionary<int, int> labelOf = labels.Select((one, g) => (one.Vector, g)).ToDictionary(pair => pair.Vector, pair => pair.g);
        int[] places = new int[circuit.Vectors.Count], read = new int[circuit.Vectors.Count];
        foreach (NodeVector vector in circuit.Vectors)
        {
            int[] children = [.. vector.Children.ToArray().Select(child => read[child])];
            places[vector.Id] = read[vector.Id] = CircuitCopy.Add(builder, vector, vector.Variable ?? 0, children, vector.TiedTo is int owner ? places[owner] : null);
            if (!labelOf.TryGetValue(vector.Id, out int label)) continue;
            int known = builder.Input(circuit.Variables + label, new Indicator((int)vector.Nodes), vector.NodeBlocks, vector.BlockSize);
            read[vector.Id] = builder.Product([places[vector.Id], known], vector.NodeBlocks, vector.BlockSize);
        }
        try
        {
            return (builder.Build(places[circuit.Root]), places);
        }
        catch (InvalidDataException e)
        {
            throw new ArgumentException(
                $"The labels do not fit the circuit: some labelled vector is left out by a part of it, so that a row may have no such state ({e.Message})",
                nameof(labels), e);
        }
    }
}
