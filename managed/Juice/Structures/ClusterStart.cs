using Juice.Data;

namespace Juice;

/// <summary>
/// Parameters of a hidden Chow-Liu tree from clusters of the rows: every hidden variable begins as the number of its row's cluster. A simple kind
/// of latent variable distillation (Liu, Zhang &amp; Van den Broeck, "Scaling Up Probabilistic Circuits by Latent Variable Distillation", 2023).
/// </summary>
internal sealed class ClusterStart
{
    private const double Restless = 0.02;       // how much of a hidden state's weight goes to other states: what training takes apart needs a crack
    private const double Shared = 20;           // rows' worth of what all rows do, mixed into each cluster
    private const double LeastShare = 1e-3;     // of all rows' deviation, for the rows of a cluster

    private readonly IReadOnlyList<Distribution> _distributions;
    private readonly RowClusters _clusters;
    private readonly double[] _rows;            // by cluster
    private readonly double[][] _counts;        // by variable: of a categorical [cluster, category], of others [cluster, 3]: rows, Σx, Σx²

    private ClusterStart(Rows rows, IReadOnlyList<Distribution> distributions, RowClusters clusters, CancellationToken cancellation)
    {
        (_distributions, _clusters) = (distributions, clusters);
        _rows = new double[clusters.Count];
        _counts = [.. distributions.Select(distribution => new double[clusters.Count * (distribution is Categorical { Categories: int n } ? n : 3)])];
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellation))
        {
            int[] assigned = clusters.Assign(chunks.Entries);
            foreach (int k in assigned) _rows[k]++;
            for (int row = 0; row < assigned.Length; row++) Count(chunks.Entries.Slice(row * rows.Variables, rows.Variables), assigned[row]);
        }
    }

    /// <summary>The same circuit with other parameters.</summary>
    /// <param name="circuit">A hidden Chow-Liu tree.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="distributions">The variables' distributions.</param>
    /// <param name="seed">Draws the first centres of the clusters.</param>
    /// <param name="threads">Processor threads; 0 is all cores.</param>
    /// <param name="cancellation">Stops it.</param>
    public static Circuit Of(
        Circuit circuit, Rows rows, IReadOnlyList<Distribution> distributions, ulong seed, int threads, CancellationToken cancellation)
    {
        int latents = (int)circuit.Vectors[circuit.Vectors[circuit.Root].Children[0]].Nodes;
        RowClusters clusters = RowClusters.Of(rows, distributions, latents, seed, threads, cancellation);
        ClusterStart start = new(rows, distributions, clusters, cancellation);
        CircuitBuilder builder = new(circuit.Variables);
        foreach (NodeVector vector in circuit.Vectors)
        {
            (long blocks, long size) = (vector.NodeBlocks, vector.BlockSize);
            _ = vector.Type switch
            {
                NodeType.Input => builder.Input(vector.Variable!.Value, vector.Distribution!, blocks, size, start.Input(vector.Variable.Value)),
                NodeType.Product => builder.Product(vector.Children, blocks, size),
                _ => builder.Sum(vector.Children, blocks, size, parameters: start.Weights(isRoot: vector.Id == circuit.Root)),
            };
        }
        return builder.Build(circuit.Root);
    }

    private void Count(ReadOnlySpan<double> row, int cluster)
    {
        for (int v = 0; v < row.Length; v++)
        {
            double value = row[v];
            if (double.IsNaN(value)) continue;
            double[] counts = _counts[v];
            if (_distributions[v] is Categorical { Categories: int categories })
            {
                // Another value than the categories is an error of the training's, which names it better.
                if (value >= 0 && value < categories) counts[cluster * categories + (int)value]++;
                continue;
            }
            counts[cluster * 3]++;
            counts[cluster * 3 + 1] += value;
            counts[cluster * 3 + 2] += value * value;
        }
    }

    private float[] Weights(bool isRoot)
    {
        int states = _clusters.Count;
        double all = _rows.Sum() + states;
        double[] prior = [.. _rows.Select(rows => (rows + 1) / all)];
        if (isRoot) return [.. prior.Select(p => (float)p)];
        float[] weights = new float[states * states];
        for (int from = 0; from < states; from++)
            for (int to = 0; to < states; to++)
                weights[from * states + to] = (float)((from == to ? 1 - Restless : 0) + Restless * prior[to]);
        return weights;
    }

    private float[] Input(int variable) => _distributions[variable] switch
    {
        Categorical categorical => Probabilities(_counts[variable], categorical.Categories),
        Bernoulli => Successes(_counts[variable], trials: 1),
        Binomial binomial => Successes(_counts[variable], binomial.Trials),
        Gaussian => Locations(_counts[variable], 1, 0, 1),
        DiscreteLogistic { Low: double low, High: double high, Count: int bins } =>
            Locations(_counts[variable], (high - low) / bins, low + (high - low) / bins / 2, Math.Sqrt(3) / Math.PI),
        Distribution other => throw new ArgumentException($"A hidden Chow-Liu tree has no inputs of the kind {other}."),
    };

    private static float[] Probabilities(double[] counts, int categories)
    {
        double[] all = new double[categories];
        for (int i = 0; i < counts.Length; i++) all[i % categories] += counts[i];
        double total = all.Sum();
        float[] probabilities = new float[counts.Length];
        for (int first = 0; first < counts.Length; first += categories)
        {
            double rows = 0;
            for (int x = 0; x < categories; x++) rows += counts[first + x];
            for (int x = 0; x < categories; x++)
                probabilities[first + x] = (float)((counts[first + x] + Shared * (all[x] + 1) / (total + categories)) / (rows + Shared));
        }
        return probabilities;
    }

    private float[] Successes(double[] counts, int trials)
    {
        (double rows, double sum, _) = Total(counts);
        double usual = (sum + 1) / (rows * trials + 2);
        return
        [
            .. Enumerable.Range(0, _clusters.Count)
                .Select(k => (float)((counts[k * 3 + 1] + Shared * trials * usual) / ((counts[k * 3] + Shared) * trials))),
        ];
    }

    // Means and spreads: of values x, scaled by `step` from `origin` on; a spread is `perDeviation` deviations.
    private float[] Locations(double[] counts, double step, double origin, double perDeviation)
    {
        (double rows, double sum, double squares) = Total(counts);
        double usual = rows == 0 ? 0 : sum / rows, variance = rows == 0 ? 1 : Math.Max(squares / rows - usual * usual, 0);
        if (variance == 0) variance = 1;        // one value only: any spread is as good as another
        float[] parameters = new float[2 * _clusters.Count];
        for (int k = 0; k < _clusters.Count; k++)
        {
            double weight = counts[k * 3] + Shared, mean = (counts[k * 3 + 1] + Shared * usual) / weight;
            double own = (counts[k * 3 + 2] + Shared * (variance + usual * usual)) / weight - mean * mean;
            parameters[2 * k] = (float)(origin + step * mean);
            parameters[2 * k + 1] = (float)(Math.Sqrt(Math.Max(own, LeastShare * LeastShare * variance)) * step * perDeviation);
        }
        return parameters;
    }

    private static (double Rows, double Sum, double Squares) Total(double[] counts)
    {
        (double rows, double sum, double squares) = (0, 0, 0);
        for (int i = 0; i < counts.Length; i += 3) (rows, sum, squares) = (rows + counts[i], sum + counts[i + 1], squares + counts[i + 2]);
        return (rows, sum, squares);
    }
}
