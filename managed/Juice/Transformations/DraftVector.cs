namespace Juice;

/// <summary>A node vector of a <see cref="CircuitDraft"/>, with its wiring written out.</summary>
internal sealed class DraftVector
{
    public required NodeType Type { get; init; }

    /// <summary>Of inputs.</summary>
    public int Variable { get; init; } = -1;

    /// <summary>Of inputs.</summary>
    public Distribution? Distribution { get; init; }

    public required int Nodes { get; set; }

    public required int BlockSize { get; set; }

    public int Blocks => Nodes / BlockSize;

    public int[] Children { get; set; } = [];

    /// <summary>The vector whose edges and parameters these are; −1: they are its own.</summary>
    public int TiedTo { get; set; } = -1;

    /// <summary>Of products: <c>[nodes, children]</c>, the node of each child that a node reads; null: the same one.</summary>
    public int[]? Wiring { get; set; }

    /// <summary>Of sums that are not tied: the block, and below the children's block, of every block edge; in this order.</summary>
    public int[] Out { get; set; } = [];

    /// <inheritdoc cref="Out"/>
    public int[] In { get; set; } = [];

    /// <summary>In the layout of the file; empty where tied.</summary>
    public float[] Parameters { get; set; } = [];

    /// <summary>Of sums while they are pruned: what each weight is worth, in the layout of the weights.</summary>
    public float[] Scores { get; set; } = [];

    /// <summary>The node of child <paramref name="c"/> that a product's node reads.</summary>
    public int Reads(int node, int c) => Wiring is null ? node : Wiring[node * Children.Length + c];
}
