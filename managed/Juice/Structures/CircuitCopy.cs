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
            Add(builder, vector, vector.Variable is int own ? variable(own) : 0, children, first + vector.TiedTo);
        }
        return first + circuit.Root;
    }

    /// <summary>Copies one vector.</summary>
    /// <returns>Its number in the other circuit.</returns>
    /// <param name="builder">The builder of the other circuit.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="variable">Of an input: its variable there.</param>
    /// <param name="children">Its children there.</param>
    /// <param name="owner">Whose parameters it has there; null where it has its own.</param>
    public static int Add(CircuitBuilder builder, NodeVector vector, int variable, int[] children, int? owner) => (vector.Type, owner) switch
    {
        (NodeType.Input, int tied) => builder.TiedInput(variable, tied),
        (NodeType.Input, null) => builder.Input(variable, vector.Distribution!, vector.NodeBlocks, vector.BlockSize, Parameters(vector)),
        (NodeType.Sum, int tied) => builder.TiedSum(children, tied),
        (NodeType.Sum, null) => builder.Sum(children, vector.NodeBlocks, vector.BlockSize, Edges(vector, rows: 2), Parameters(vector)),
        _ => builder.Product(children, vector.NodeBlocks, vector.BlockSize, Edges(vector, vector.EdgeRows)),
    };

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
