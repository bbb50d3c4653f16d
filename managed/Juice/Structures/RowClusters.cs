using System.Buffers;
using System.Numerics.Tensors;
using Juice.Data;

namespace Juice;

/// <summary>Rows in clusters, by k-means (Lloyd, 1982): each row belongs to the centre that is nearest to it.</summary>
internal sealed class RowClusters
{
    private const int Rounds = 10;
    private const long MostToLearnFrom = 10_000;        // rows; centres are means, and means of hundreds of rows are steady

    private readonly float[] _scales, _usual;           // by variable: what makes variables comparable, and the value of a missing entry
    private readonly float[] _centres;                  // [Count, variables], scaled
    private readonly float[] _lengths;                  // by centre, squared
    private readonly int _variables;
    private readonly ParallelOptions _parallel;

    private RowClusters(Rows rows, IReadOnlyList<Distribution> distributions, int count, ulong seed, ParallelOptions parallel)
    {
        _variables = rows.Variables;
        _parallel = parallel;
        Count = count;
        Rows learnt = rows.Count <= MostToLearnFrom ? rows : rows.HoldOut(MostToLearnFrom, seed).HeldOut;
        double[] entries = new double[learnt.Count * _variables];
        learnt.CopyTo(0, entries);
        (_scales, _usual) = Scale(entries, distributions);
        float[] points = new float[entries.Length];
        Prepare(entries, points);
        _centres = new float[count * _variables];
        _lengths = new float[count];
        Begin(points, seed);
        int[] nearest = new int[learnt.Count];
        for (int round = 0; round < Rounds; round++)
        {
            FindNearest(points, nearest);
            MoveCentres(points, nearest);
        }
    }

    /// <summary>Number of clusters. Some may have no rows.</summary>
    public int Count { get; }

    /// <summary>Finds clusters.</summary>
    /// <param name="rows">The rows; at least one.</param>
    /// <param name="distributions">A distribution a variable: discrete variables are scaled by their domains, others by their deviations.</param>
    /// <param name="count">How many clusters.</param>
    /// <param name="seed">Draws the rows that are the first centres.</param>
    /// <param name="threads">Processor threads; 0 is all cores. The result does not depend on it.</param>
    /// <param name="cancellation">Stops it.</param>
    public static RowClusters Of(
        Rows rows, IReadOnlyList<Distribution> distributions, int count, ulong seed, int threads, CancellationToken cancellation) =>
        new(rows, distributions, count, seed, new() { MaxDegreeOfParallelism = threads == 0 ? -1 : threads, CancellationToken = cancellation });

    /// <summary>The cluster of each of some rows.</summary>
    /// <param name="entries">The rows, NaN for missing entries, <c>[n, variables]</c>.</param>
    public int[] Assign(ReadOnlySpan<double> entries)
    {
        float[] points = ArrayPool<float>.Shared.Rent(entries.Length);
        try
        {
            Prepare(entries, points);
            int[] nearest = new int[entries.Length / _variables];
            FindNearest(points, nearest);
            return nearest;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(points);
        }
    }

    private (float[] Scales, float[] Usual) Scale(ReadOnlySpan<double> entries, IReadOnlyList<Distribution> distributions)
    {
        float[] scales = new float[_variables], usual = new float[_variables];
        for (int v = 0; v < _variables; v++)
        {
            double sum = 0, squares = 0;
            long there = 0;
            for (int i = v; i < entries.Length; i += _variables)
            {
                if (double.IsNaN(entries[i])) continue;
                (sum, squares, there) = (sum + entries[i], squares + entries[i] * entries[i], there + 1);
            }
            double mean = there == 0 ? 0 : sum / there, deviation = there == 0 ? 0 : Math.Sqrt(Math.Max(squares / there - mean * mean, 0));
            double width = distributions[v].Domain is int domain ? domain - 1 : deviation;
            scales[v] = width > 0 ? (float)(1 / width) : 0;
            usual[v] = (float)(mean * scales[v]);
        }
        return (scales, usual);
    }

    private void Prepare(ReadOnlySpan<double> entries, Span<float> points)
    {
        for (int i = 0, v = 0; i < entries.Length; i++)
        {
            points[i] = double.IsNaN(entries[i]) ? _usual[v] : (float)(entries[i] * _scales[v]);
            if (++v == _variables) v = 0;
        }
    }

    // Rows drawn without replacement, again from the start where there are fewer of them than centres.
    private void Begin(ReadOnlySpan<float> points, ulong seed)
    {
        const ulong stream = 0x434c5553;        // keeps these draws apart from others of the same seed
        int rows = points.Length / _variables;
        int[] order = [.. Enumerable.Range(0, rows)];
        for (int i = 0; i < Math.Min(rows, Count); i++)
        {
            int other = i + (int)Philox.DrawBelow(rows - i, seed, stream, (ulong)i);
            (order[i], order[other]) = (order[other], order[i]);
        }
        for (int k = 0; k < Count; k++) points.Slice(order[k % rows] * _variables, _variables).CopyTo(Centre(k));
        Measure();
    }

    private Span<float> Centre(int k) => _centres.AsSpan(k * _variables, _variables);

    private void Measure()
    {
        for (int k = 0; k < Count; k++) _lengths[k] = TensorPrimitives.SumOfSquares<float>(Centre(k));
    }

    // |x − c|² but for |x|², which is the same for all centres. Ties go to the lowest index.
    private void FindNearest(float[] points, int[] nearest) => Parallel.For(0, nearest.Length, _parallel, row =>
    {
        ReadOnlySpan<float> point = points.AsSpan(row * _variables, _variables);
        float least = float.PositiveInfinity;
        for (int k = 0; k < Count; k++)
        {
            float distance = _lengths[k] - 2 * TensorPrimitives.Dot<float>(point, Centre(k));
            if (distance < least) (least, nearest[row]) = (distance, k);
        }
    });

    private void MoveCentres(ReadOnlySpan<float> points, ReadOnlySpan<int> nearest)
    {
        int[] rows = new int[Count];
        foreach (int k in nearest) rows[k]++;
        for (int k = 0; k < Count; k++)
            if (rows[k] > 0)        // a centre without rows stays where it is
                Centre(k).Clear();
        for (int row = 0; row < nearest.Length; row++)
        {
            Span<float> centre = Centre(nearest[row]);
            TensorPrimitives.Add(centre, points.Slice(row * _variables, _variables), centre);
        }
        for (int k = 0; k < Count; k++)
            if (rows[k] > 0)
                TensorPrimitives.Divide<float>(Centre(k), rows[k], Centre(k));
        Measure();
    }
}
