namespace Juice;

/// <summary>
/// Makes one vector of several: inputs over one variable, products of the same children, sums over the same variables. Children come first, level by level, so
/// that vectors of one level never stand above each other.
/// </summary>
internal sealed class Merging
{
    private readonly CircuitDraft _draft;
    private readonly List<DraftVector> _merged = [];
    private readonly int[] _id;             // by old vector: the new one …
    private readonly int[] _first;          // … and its first node there

    private Merging(CircuitDraft draft)
    {
        _draft = draft;
        _id = new int[draft.Vectors.Count];
        _first = new int[draft.Vectors.Count];
    }

    public static void Apply(CircuitDraft draft) => new Merging(draft).Run();

    private void Run()
    {
        int[] levels = new int[_id.Length];
        for (int id = 0; id < levels.Length; id++)
            levels[id] = _draft.Vectors[id].Children.Length == 0 ? 0 : _draft.Vectors[id].Children.Max(child => levels[child]) + 1;
        HashSet<int> alone = [_draft.Root];
        for (int id = 0; id < levels.Length; id++)
            if (_draft.Vectors[id].TiedTo >= 0) alone.UnionWith([id, _draft.Vectors[id].TiedTo, .. Below(id), .. Below(_draft.Vectors[id].TiedTo)]);
        int[][] scopes = Scopes();
        foreach (IGrouping<int, int> level in Enumerable.Range(0, levels.Length).GroupBy(id => levels[id]).OrderBy(level => level.Key))
        {
            foreach (IGrouping<string, int> alike in level.GroupBy(id => alone.Contains(id) ? $"{id}" : Kind(id, scopes[id])).OrderBy(alike => alike.First()))
                Merge([.. alike]);
        }
        int root = _id[_draft.Root];
        (_draft.Vectors, _draft.Root) = (_merged, root);
    }

    // What stands right below sums that share parameters must keep its places.
    private int[] Below(int id) => _draft.Vectors[id].Type == NodeType.Sum ? _draft.Vectors[id].Children : [];

    private int[][] Scopes()
    {
        int[][] scopes = new int[_id.Length][];
        for (int id = 0; id < scopes.Length; id++)
        {
            DraftVector vector = _draft.Vectors[id];
            scopes[id] = vector.Type == NodeType.Input ? [vector.Variable] : [.. vector.Children.SelectMany(child => scopes[child]).Distinct().Order()];
        }
        return scopes;
    }

    // Vectors of one level and one such text become one. The order of a product's children does not matter.
    private string Kind(int id, int[] scope)
    {
        DraftVector vector = _draft.Vectors[id];
        return vector.Type switch
        {
            NodeType.Input when vector.Distribution is Indicator => $"{id}",
            NodeType.Input => $"input {vector.Variable} {vector.Distribution} {vector.BlockSize}",
            NodeType.Product => $"product {string.Join(' ', vector.Children.Select(child => _id[child]).Order())} {vector.BlockSize}",
            _ => $"sum {string.Join(' ', scope)} {vector.BlockSize} {_draft.ChildBlockSize(vector)}",
        };
    }

    private void Merge(int[] ids)
    {
        DraftVector first = _draft.Vectors[ids[0]];
        DraftVector merged = new()
        {
            Type = first.Type,
            Variable = first.Variable,
            Distribution = first.Distribution,
            Nodes = ids.Sum(id => _draft.Vectors[id].Nodes),
            BlockSize = first.BlockSize,
            TiedTo = first.TiedTo < 0 ? -1 : _id[first.TiedTo],
        };
        for (int i = 0, node = 0; i < ids.Length; node += _draft.Vectors[ids[i++]].Nodes) (_id[ids[i]], _first[ids[i]]) = (_merged.Count, node);
        if (first.Type == NodeType.Product) MergeProducts(ids, merged);
        else if (first.Type == NodeType.Sum) MergeSums(ids, merged);
        else if (merged.TiedTo < 0) merged.Parameters = [.. ids.SelectMany(id => _draft.Vectors[id].Parameters)];
        _merged.Add(merged);
    }

    private void MergeProducts(int[] ids, DraftVector merged)
    {
        int[] Sorted(DraftVector product) => [.. Enumerable.Range(0, product.Children.Length).OrderBy(c => _id[product.Children[c]])];
        merged.Children = [.. Sorted(_draft.Vectors[ids[0]]).Select(c => _id[_draft.Vectors[ids[0]].Children[c]])];
        List<int> wiring = [];
        foreach (int id in ids)
        {
            DraftVector product = _draft.Vectors[id];
            int[] order = Sorted(product);
            for (int node = 0; node < product.Nodes; node++)
                foreach (int c in order) wiring.Add(_first[product.Children[c]] + product.Reads(node, c));
        }
        merged.Wiring = [.. wiring];
    }

    private void MergeSums(int[] ids, DraftVector merged)
    {
        int[] children = [.. ids.SelectMany(id => _draft.Vectors[id].Children.Select(child => _id[child])).Distinct()];
        merged.Children = children;
        if (merged.TiedTo >= 0) return;
        Dictionary<int, int> begins = [];
        int below = 0, size = merged.BlockSize, childSize = _draft.ChildBlockSize(_draft.Vectors[ids[0]]);
        foreach (int child in children)
        {
            begins[child] = below;
            below += _merged[child].Blocks;
        }
        List<(int Out, int In, DraftVector Sum, int Edge)> edges = [];
        foreach (int id in ids)
        {
            DraftVector sum = _draft.Vectors[id];
            int[] places = [.. sum.Children.SelectMany(child =>
                Enumerable.Range(begins[_id[child]] + _first[child] / childSize, _draft.Vectors[child].Blocks))];
            for (int e = 0; e < sum.Out.Length; e++) edges.Add((_first[id] / size + sum.Out[e], places[sum.In[e]], sum, e));
        }
        edges.Sort((a, b) => (a.Out, a.In).CompareTo((b.Out, b.In)));
        int each = size * childSize;
        merged.Out = [.. edges.Select(edge => edge.Out)];
        merged.In = [.. edges.Select(edge => edge.In)];
        merged.Parameters = new float[edges.Count * each];
        for (int e = 0; e < edges.Count; e++) edges[e].Sum.Parameters.AsSpan(edges[e].Edge * each, each).CopyTo(merged.Parameters.AsSpan(e * each));
    }
}
