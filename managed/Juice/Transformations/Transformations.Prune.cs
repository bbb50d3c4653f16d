namespace Juice;

/// <summary>
/// Circuits made of circuits: pruned, grown, merged, copied, cut into other blocks. What is given stays as it is; the new circuit has its metadata.
/// </summary>
public static partial class Transformations
{
    /// <summary>
    /// The circuit without the edges of sums that are worth least (Dang, Liu &amp; Van den Broeck, "Sparse Probabilistic Circuits via Pruning and Growing",
    /// 2022). Every node keeps its best edge, weights are made to add up to 1 again, and nodes that the root reaches no more are removed.
    /// </summary>
    /// <remarks>
    /// Where single edges go, vectors have blocks of one node after that; a plan keeps sums dense that are full enough (<see cref="CompiledCircuit.Plan"/>
    /// says which). Sums that share parameters lose the same edges.
    /// </remarks>
    /// <param name="circuit">The circuit, with one root where flows decide.</param>
    /// <param name="options">How many edges stay, and which.</param>
    /// <param name="rows">The rows whose flows decide; of no use, and null by default, where parameters or chance do.</param>
    /// <param name="cancellationToken">Ends it between batches.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or flows are to decide and there are no rows.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static Circuit Prune(Circuit circuit, PruneOptions options, Rows? rows = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        CircuitDraft draft = CircuitDraft.Of(circuit);
        Pruning pruning = new(draft, options);
        double weight = 1;
        if (options.By == PruneBy.Flow)
        {
            if (rows is null || rows.Count == 0) throw new ArgumentException("Flows are to decide, and there are no rows that flow.", nameof(rows));
            if (circuit.Roots != 1) throw new ArgumentException($"The circuit has {circuit.Roots} roots; flows are those of one.", nameof(circuit));
            using CompiledCircuit model = circuit.Compile(options.Device, new CompileOptions { BatchSize = options.BatchSize });
            weight = AddFlows(model, rows, options.BatchSize, cancellationToken);
            pruning.Score(model.GetFlows);
        }
        else
        {
            pruning.Score(null);
        }
        pruning.Apply(weight);
        return draft.Build(circuit.Metadata);
    }

    // Returns the weight of the rows that have a likelihood.
    private static double AddFlows(CompiledCircuit model, Rows rows, int batchSize, CancellationToken cancellationToken)
    {
        double weight = 0;
        double[] logs = new double[Math.Min(batchSize, rows.Count)];
        for (long first = 0; first < rows.Count; first += batchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Rows batch = rows.Slice(first, Math.Min(batchSize, rows.Count - first));
            model.Forward(batch, logs);
            model.Backward();
            for (int i = 0; i < batch.Count; i++)
                if (!double.IsNegativeInfinity(logs[i])) weight += batch.Weights.IsEmpty ? 1 : batch.Weights.Span[i];
        }
        return weight;
    }
}
