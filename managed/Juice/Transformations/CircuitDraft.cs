namespace Juice;

/// <summary>A circuit taken apart, so that transformations can change its wiring, and put together again.</summary>
internal sealed class CircuitDraft
{
    private CircuitDraft(int variables, int root, List<DraftVector> vectors) => (Variables, Root, Vectors) = (variables, root, vectors);

    public int Variables { get; }

    public int Root { get; set; }

    public List<DraftVector> Vectors { get; set; }

    public static CircuitDraft Of(Circuit circuit)
    {
        DraftVector[] vectors = [.. circuit.Vectors.Select(vector => new DraftVector
        {
            Type = vector.Type,
            Variable = vector.Variable ?? -1,
            Distribution = vector.Distribution,
            Nodes = checked((int)vector.Nodes),
            BlockSize = (int)vector.BlockSize,
            Children = [.. vector.Children],
            TiedTo = vector.TiedTo ?? -1,
        })];
        // The large arrays: most of the time is the first touch of their memory, which all cores do faster.
        Parallel.For(0, vectors.Length, id =>
        {
            (NodeVector vector, DraftVector draft) = (circuit.Vectors[id], vectors[id]);
            if (vector.Type == NodeType.Product)
            {
                draft.Wiring = WiringOf(vector);
                return;
            }
            if (vector.TiedTo is not null) return;
            draft.Parameters = new float[vector.ParameterCount];
            vector.CopyParametersTo(draft.Parameters);
            if (vector.Type == NodeType.Sum) ReadEdges(vector, draft, vectors);
        });
        return new(circuit.Variables, circuit.Root, [.. vectors]);
    }

    /// <summary>The vector that has the edges and the parameters: itself, or whom it is tied to.</summary>
    public DraftVector OwnerOf(DraftVector vector) => vector.TiedTo < 0 ? vector : Vectors[vector.TiedTo];

    /// <summary>Nodes a block of the children.</summary>
    public int ChildBlockSize(DraftVector vector) => Vectors[vector.Children[0]].BlockSize;

    /// <summary>Blocks of all children.</summary>
    public int ChildBlocks(DraftVector vector) => vector.Children.Sum(child => Vectors[child].Blocks);

    /// <summary>The sums that have weights of their own.</summary>
    public IEnumerable<DraftVector> Sums => Vectors.Where(vector => vector.Type == NodeType.Sum && vector.TiedTo < 0);

    /// <summary>The circuit, with the metadata of the one that it was made of.</summary>
    public Circuit Build(IReadOnlyDictionary<string, string> metadata)
    {
        CircuitBuilder builder = new(Variables);
        foreach (DraftVector vector in Vectors)
        {
            _ = (vector.Type, vector.TiedTo) switch
            {
                (NodeType.Input, < 0) => builder.Input(vector.Variable, vector.Distribution!, vector.Blocks, vector.BlockSize, vector.Parameters),
                (NodeType.Input, _) => builder.TiedInput(vector.Variable, vector.TiedTo),
                (NodeType.Sum, < 0) => builder.Sum(vector.Children, vector.Blocks, vector.BlockSize, Edges(vector), vector.Parameters),
                (NodeType.Sum, _) => builder.TiedSum(vector.Children, vector.TiedTo),
                _ => builder.Product(vector.Children, vector.Blocks, vector.BlockSize, Edges(vector)),
            };
        }
        return WithMetadata(builder.Build(Root), metadata);
    }

    /// <summary>Sets metadata; the circuit without is disposed.</summary>
    public static Circuit WithMetadata(Circuit circuit, IReadOnlyDictionary<string, string> metadata)
    {
        foreach ((string key, string value) in metadata)
        {
            using Circuit bare = circuit;
            circuit = bare.WithMetadata(key, value);
        }
        return circuit;
    }

    private static int[]? WiringOf(NodeVector product)
    {
        if (!product.HasEdges) return null;
        int arity = product.Children.Length, size = (int)product.BlockSize;
        ReadOnlySpan<int> edges = product.Edges;
        if (product.EdgeRows == product.Nodes) return edges.ToArray();
        int[] wiring = new int[checked((int)product.Nodes * arity)];
        for (int i = 0; i < wiring.Length; i++)
        {
            int node = i / arity, c = i % arity;
            wiring[i] = edges[node / size * arity + c] * size + node % size;
        }
        return wiring;
    }

    private static void ReadEdges(NodeVector sum, DraftVector draft, DraftVector[] vectors)
    {
        int count = checked((int)sum.EdgeCount);
        (draft.Out, draft.In) = (new int[count], new int[count]);
        if (sum.HasEdges)
        {
            sum.Edges[..count].CopyTo(draft.Out);
            sum.Edges[count..].CopyTo(draft.In);
            return;
        }
        int below = 0;
        foreach (int child in draft.Children) below += vectors[child].Blocks;
        for (int e = 0; e < count; e++) (draft.Out[e], draft.In[e]) = (e / below, e % below);
    }

    // Null where the implied wiring says the same.
    private int[,]? Edges(DraftVector vector)
    {
        if (vector.Type == NodeType.Sum)
        {
            int below = ChildBlocks(vector), count = vector.Out.Length;
            bool complete = count == (long)vector.Blocks * below;
            for (int e = 0; complete && e < count; e++) complete = vector.Out[e] == e / below && vector.In[e] == e % below;
            if (complete) return null;
            int[,] edges = new int[2, count];
            for (int e = 0; e < count; e++) (edges[0, e], edges[1, e]) = (vector.Out[e], vector.In[e]);
            return edges;
        }
        int arity = vector.Children.Length, size = vector.BlockSize;
        bool same = vector.Children.All(child => Vectors[child].Nodes == vector.Nodes), blockwise = true;
        for (int node = 0; node < vector.Nodes; node++)
        {
            for (int c = 0; c < arity; c++)
            {
                int reads = vector.Reads(node, c);
                same = same && reads == node;
                blockwise = blockwise && reads % size == node % size && reads / size == vector.Reads(node - node % size, c) / size;
            }
        }
        if (same) return null;
        return blockwise
            ? Rows(vector.Blocks, arity, (block, c) => vector.Reads(block * size, c) / size)
            : Rows(vector.Nodes, arity, vector.Reads);
    }

    private static int[,] Rows(int rows, int columns, Func<int, int, int> entry)
    {
        int[,] edges = new int[rows, columns];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) edges[i, j] = entry(i, j);
        return edges;
    }
}
