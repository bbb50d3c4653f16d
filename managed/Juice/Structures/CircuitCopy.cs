namespace Juice;

/// <summary>Copies a circuit's vectors, with edges, ties and parameters, into a builder.</summary>
internal static class CircuitCopy
{
    /// <returns>The number of the copied root.</returns>
    /// <param name="builder">The builder of the other circuit.</param>
    /// <param name="circuit">The circuit to copy.</param>
    /// <param name="variable">A variable's number in the other circuit.</param>
    public static int Add(CircuitBuilder builder, Circuit circuit, Func<int, int> variable)
    {
        int first = builder.Count;
        foreach (NodeVector vector in circuit.Vectors)
        {
            int[] children = [.. vector.Children];
            for (int i = 0; i < children.Length; i++) children[i] += first;
            _ = (vector.Type, vector.TiedTo) switch
            {
                (NodeType.Input, int owner) => builder.TiedInput(variable(vector.Variable!.Value), first + owner),
                (NodeType.Input, null) => builder.Input(
                    variable(vector.Variable!.Value), vector.Distribution!, vector.NodeBlocks, vector.BlockSize, Parameters(vector)),
                (NodeType.Sum, int owner) => builder.TiedSum(children, first + owner),
                (NodeType.Sum, null) => builder.Sum(children, vector.NodeBlocks, vector.BlockSize, Edges(vector, rows: 2), Parameters(vector)),
                _ => builder.Product(children, vector.NodeBlocks, vector.BlockSize, Edges(vector, vector.EdgeRows)),
            };
        }
        return first + circuit.Root;
    }

    private static float[] Parameters(NodeVector vector)
    {
        float[] copy = new float[vector.ParameterCount];
        vector.CopyParametersTo(copy);
        return copy;
    }

    private static int[,]? Edges(NodeVector vector, long rows)
    {
        if (!vector.HasEdges) return null;
        ReadOnlySpan<int> edges = vector.Edges;
        int columns = (int)(edges.Length / rows);
        int[,] copy = new int[rows, columns];
        for (int i = 0; i < edges.Length; i++) copy[i / columns, i % columns] = edges[i];
        return copy;
    }
}
