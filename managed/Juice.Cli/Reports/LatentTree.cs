namespace Juice.Cli.Reports;

/// <summary>The tree that the variables of a hidden Chow-Liu tree form, read off its circuit.</summary>
/// <param name="Parents">Each variable's parent, −1 for the root.</param>
/// <param name="Latents">Hidden states a variable.</param>
internal sealed record LatentTree(int[] Parents, long Latents)
{
    private const int Unknown = -2;

    public int Root => Array.IndexOf(Parents, -1);

    /// <summary>
    /// The tree of a circuit as <see cref="Structures"/> builds it: a product's first child is its own variable's input, its others are the
    /// regions of that variable's children, an inner one below a sum, a leaf bare. Null for any other circuit.
    /// </summary>
    public static LatentTree? Of(Circuit circuit)
    {
        int[] parents = new int[circuit.Variables], tops = new int[circuit.Vectors.Count];     // tops: the variable whose region a vector is
        Array.Fill(parents, Unknown);
        foreach (NodeVector vector in circuit.Vectors)
        {
            ReadOnlySpan<int> children = vector.Children;
            switch (vector.Type)
            {
                case NodeType.Input:
                    tops[vector.Id] = vector.Variable!.Value;
                    break;
                case NodeType.Sum when children.Length == 1 && circuit.Vectors[children[0]].Type != NodeType.Sum:
                    tops[vector.Id] = tops[children[0]];
                    break;
                case NodeType.Product when circuit.Vectors[children[0]].Type == NodeType.Input:
                    tops[vector.Id] = tops[children[0]];
                    foreach (int child in children[1..])
                    {
                        if (circuit.Vectors[child].Type == NodeType.Product || parents[tops[child]] != Unknown) return null;
                        parents[tops[child]] = tops[vector.Id];
                    }
                    break;
                default:
                    return null;
            }
        }
        int root = tops[circuit.Root];
        if (parents[root] != Unknown || circuit.Vectors[circuit.Root].Type != NodeType.Sum) return null;
        parents[root] = -1;
        return parents.Contains(Unknown) ? null : new(parents, circuit.Vectors[circuit.Vectors[circuit.Root].Children[0]].Nodes);
    }
}
