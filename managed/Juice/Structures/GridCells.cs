namespace Juice;

/// <summary>The cells of a grid: the boxes between neighbouring split points.</summary>
internal sealed class GridCells
{
    private readonly List<List<int>> _cells;

    private GridCells(List<List<int>> cells) => _cells = cells;

    /// <param name="shape">Extents of the axes.</param>
    /// <param name="intervals">A split point every so many entries of each axis, or null.</param>
    /// <param name="points">Otherwise the split points of each axis.</param>
    public static GridCells Of(IReadOnlyList<int> shape, int[]? intervals, IReadOnlyList<IReadOnlyList<int>>? points)
    {
        // The number of an entry's cell and of the entry itself, built up axis by axis.
        List<(int Cell, int Variable)> entries = [(0, 0)];
        for (int axis = 0; axis < shape.Count; axis++)
        {
            int[] cellOf = [.. Enumerable.Range(0, shape[axis]).Select(at =>
                intervals is not null ? at / Math.Max(intervals[axis], 1) : points![axis].Count(point => point <= at))];
            int cells = cellOf[^1] + 1;
            entries = [.. entries.SelectMany(entry => cellOf.Select((cell, at) => (entry.Cell * cells + cell, entry.Variable * shape[axis] + at)))];
        }
        return new([.. entries.GroupBy(entry => entry.Cell, entry => entry.Variable).Select(cell => cell.Order().ToList())]);
    }

    /// <summary>The maximum spanning tree of each cell.</summary>
    /// <param name="weights"><c>[variables, variables]</c>.</param>
    /// <returns>Each variable's parent, −1 for a cell's root.</returns>
    public int[] Trees(double[,] weights)
    {
        int[] parents = new int[weights.GetLength(0)];
        foreach (List<int> cell in _cells)
        {
            double[,] within = new double[cell.Count, cell.Count];
            for (int i = 0; i < cell.Count; i++)
                for (int j = 0; j < cell.Count; j++)
                    within[i, j] = weights[cell[i], cell[j]];
            int[] tree = Juice.Trees.MaximumSpanning(within);
            for (int i = 0; i < cell.Count; i++) parents[cell[i]] = tree[i] < 0 ? -1 : cell[tree[i]];
        }
        return parents;
    }
}
