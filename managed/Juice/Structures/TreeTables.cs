using Juice.Data;

namespace Juice;

/// <summary>A distribution over a tree of discrete variables: P(x | parent) for each of them, in float64, counted in rows.</summary>
internal sealed class TreeTables
{
    private readonly int[] _parents;
    private readonly int[] _categories;
    private readonly int[] _order;              // children before parents
    private readonly List<int>[] _children;
    private readonly double[][] _tables;        // by variable: [categories of the parent, categories]; of the root [1, categories]

    private TreeTables(int[] parents, int[] categories)
    {
        (_parents, _categories) = (parents, categories);
        _children = [.. parents.Select(_ => new List<int>())];
        int root = -1;
        for (int v = 0; v < parents.Length; v++)
        {
            if (parents[v] < -1 || parents[v] >= parents.Length)
                throw new ArgumentException($"parents[{v}] is {parents[v]}, and must be a variable, 0 to {parents.Length - 1}, or -1 at the root.", nameof(parents));
            if (parents[v] >= 0) _children[parents[v]].Add(v);
            else if (root >= 0) throw new ArgumentException($"parents[{root}] and parents[{v}] are both -1, and a tree has one root.", nameof(parents));
            else root = v;
        }
        List<int> order = root < 0 ? [] : [root];
        for (int i = 0; i < order.Count; i++) order.AddRange(_children[order[i]]);
        if (order.Count < parents.Length) throw new ArgumentException("Following the parents leads into a cycle, not to a root.", nameof(parents));
        order.Reverse();
        _order = [.. order];
        _tables = [.. parents.Select((parent, v) => new double[checked((parent < 0 ? 1 : categories[parent]) * categories[v])])];
    }

    public static TreeTables Count(Rows rows, IReadOnlyList<int> parents, double pseudocount, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(parents);
        if (!(pseudocount >= 0) || !double.IsFinite(pseudocount))
            throw new ArgumentOutOfRangeException(nameof(pseudocount), pseudocount, "A pseudocount is finite and at least 0.");
        if (parents.Count != rows.Variables)
            throw new ArgumentException($"There are {parents.Count} parents for {rows.Variables} variables.", nameof(parents));
        if (rows.Count == 0) throw new ArgumentException("There are no rows to count.", nameof(rows));
        TreeTables tables = new([.. parents], Categories(rows));
        tables.Count(rows, cancellation);
        tables.Normalise(pseudocount);
        return tables;
    }

    /// <summary>Of a complete row.</summary>
    public double LogLikelihood(ReadOnlySpan<double> row)
    {
        double sum = 0;
        for (int v = 0; v < row.Length; v++) sum += Math.Log(_tables[v][Cell(row, v)]);
        return sum;
    }

    /// <summary>
    /// The same as a circuit: indicators of every inner variable times its children's sums, one node a value of the variable, and above them a sum with a
    /// node a value of the parent. A leaf is a categorical input with a node a value of its parent.
    /// </summary>
    public Circuit ToCircuit()
    {
        CircuitBuilder builder = new(_parents.Length);
        int[] region = new int[_parents.Length];
        foreach (int v in _order)
        {
            int above = _parents[v] < 0 ? 1 : _categories[_parents[v]];
            float[] table = [.. _tables[v].Select(probability => (float)probability)];
            if (_children[v].Count == 0)
            {
                region[v] = builder.Input(v, new Categorical(_categories[v]), 1, above, table);
                continue;
            }
            int here = builder.Input(v, new Indicator(_categories[v]), 1, _categories[v]);
            int product = builder.Product([here, .. _children[v].Select(child => region[child])], 1, _categories[v]);
            region[v] = builder.Sum([product], 1, above, parameters: table);
        }
        return builder.Build();
    }

    private static int[] Categories(Rows rows) => [.. Structures.DistributionsOf(rows).Select(distribution => distribution is Categorical categorical
        ? categorical.Categories
        : throw new ArgumentException("The variables of such a tree are discrete; rows of floating-point numbers say so with WithCategories.", nameof(rows)))];

    private int Cell(ReadOnlySpan<double> row, int v) => (_parents[v] < 0 ? 0 : (int)row[_parents[v]]) * _categories[v] + (int)row[v];

    private void Count(Rows rows, CancellationToken cancellation)
    {
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellation))
        {
            for (int i = 0; i < chunks.Count; i++)
            {
                ReadOnlySpan<double> row = chunks.Entries.Slice(i * rows.Variables, rows.Variables);
                CheckValues(row, chunks.First + i);
                double weight = rows.Weights.IsEmpty ? 1 : rows.Weights.Span[(int)(chunks.First + i)];
                for (int v = 0; v < row.Length; v++)
                    if (!double.IsNaN(row[v]) && (_parents[v] < 0 || !double.IsNaN(row[_parents[v]]))) _tables[v][Cell(row, v)] += weight;
            }
        }
    }

    private void CheckValues(ReadOnlySpan<double> row, long number)
    {
        for (int v = 0; v < row.Length; v++)
            if (!double.IsNaN(row[v]) && (row[v] < 0 || row[v] >= _categories[v] || row[v] != Math.Floor(row[v])))
                throw new ArgumentException($"Row {number}, column {v}: {row[v]} is not one of the categories 0 … {_categories[v] - 1}.");
    }

    private void Normalise(double pseudocount)
    {
        for (int v = 0; v < _parents.Length; v++)
        {
            int categories = _categories[v];
            // The margin of a smoothed pair: the root's is that of the pair with its first child.
            double added = pseudocount * (_parents[v] < 0 && _children[v].Count > 0 ? _categories[_children[v][0]] : 1);
            for (int row = 0; row < _tables[v].Length; row += categories)
            {
                Span<double> table = _tables[v].AsSpan(row, categories);
                double total = 0;
                foreach (double count in table) total += count + added;
                // A parent's value that never occurs has probability 0, and what follows from it does not matter.
                foreach (ref double count in table) count = total > 0 ? (count + added) / total : 1.0 / categories;
            }
        }
    }
}
