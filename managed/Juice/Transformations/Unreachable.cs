namespace Juice;

/// <summary>
/// Takes away what the root does not reach: whole blocks of nodes, and vectors. Vectors that share parameters keep what one of them needs; where the
/// owner goes, the next of them has the parameters.
/// </summary>
internal sealed class Unreachable
{
    private readonly CircuitDraft _draft;
    private readonly List<DraftVector> _vectors;
    private readonly bool[][] _needed;          // by vector and block
    private readonly int[][] _group;            // by vector: those that share its parameters, itself among them
    private bool _changed;

    private Unreachable(CircuitDraft draft)
    {
        (_draft, _vectors) = (draft, draft.Vectors);
        _needed = [.. _vectors.Select(vector => new bool[vector.Blocks])];
        ILookup<int, int> groups = Enumerable.Range(0, _vectors.Count).ToLookup(Owner);
        _group = [.. Enumerable.Range(0, _vectors.Count).Select(id => groups[Owner(id)].ToArray())];
    }

    public static void Remove(CircuitDraft draft)
    {
        Unreachable unreachable = new(draft);
        unreachable.Find();
        if (unreachable._needed.Any(blocks => blocks.Contains(false))) unreachable.Remove();
    }

    private int Owner(int id) => _vectors[id].TiedTo < 0 ? id : _vectors[id].TiedTo;

    private bool IsNeeded(int id) => _needed[id].Contains(true);

    // Parents come after children, so that a pass from the root down finds all but what ties bring; then there is another one.
    private void Find()
    {
        Array.Fill(_needed[_draft.Root], true);
        do
        {
            _changed = false;
            for (int id = _draft.Root; id >= 0; id--)
                if (IsNeeded(id)) Visit(id);
        }
        while (_changed);
    }

    private void Need(int id, int block)
    {
        if (_needed[id][block]) return;
        _needed[id][block] = true;
        _changed = true;
    }

    private void Visit(int id)
    {
        DraftVector vector = _vectors[id];
        foreach (int other in _group[id])
        {
            if (other == id || !IsNeeded(other)) continue;
            for (int block = 0; block < vector.Blocks; block++)
                if (_needed[other][block]) Need(id, block);
        }
        switch (vector.Type)
        {
            case NodeType.Input when vector.Distribution is Indicator:
                for (int block = 0; block < vector.Blocks; block++) Need(id, block);
                break;
            case NodeType.Product:
                for (int node = 0; node < vector.Nodes; node++)
                    for (int c = 0; c < vector.Children.Length && _needed[id][node / vector.BlockSize]; c++)
                        Need(vector.Children[c], vector.Reads(node, c) / vector.BlockSize);
                break;
            case NodeType.Sum:
                VisitSum(id);
                break;
            default:
                break;
        }
    }

    private void VisitSum(int id)
    {
        DraftVector sum = _vectors[id], owner = _draft.OwnerOf(sum);
        (int Child, int Block)[] places = Places(sum);
        for (int e = 0; e < owner.Out.Length; e++)
            if (_needed[id][owner.Out[e]]) Need(places[owner.In[e]].Child, places[owner.In[e]].Block);
        foreach (int other in _group[id])
        {
            if (other == id || !IsNeeded(other)) continue;
            (int Child, int Block)[] theirs = Places(_vectors[other]);
            for (int block = 0; block < places.Length; block++)
                if (_needed[theirs[block].Child][theirs[block].Block]) Need(places[block].Child, places[block].Block);
        }
    }

    // Where the blocks below a sum are, in their order.
    private (int Child, int Block)[] Places(DraftVector sum) =>
        [.. sum.Children.SelectMany(child => Enumerable.Range(0, _vectors[child].Blocks).Select(block => (child, block)))];

    private void Remove()
    {
        int[][] blocks = [.. _needed.Select(Numbers)];      // a block's new number; −1 where it goes
        int[] ids = Numbers([.. _needed.Select(needed => needed.Contains(true))]);
        List<DraftVector> kept = [];
        Dictionary<int, int> owners = [];                   // by the old owner: who has the parameters now
        for (int id = 0; id < _vectors.Count; id++)
        {
            if (ids[id] < 0) continue;
            DraftVector vector = _vectors[id], owner = _draft.OwnerOf(vector);
            int size = vector.BlockSize;
            bool isOwner = owners.TryAdd(Owner(id), ids[id]);
            DraftVector changed = new()
            {
                Type = vector.Type,
                Variable = vector.Variable,
                Distribution = vector.Distribution,
                Nodes = _needed[id].Count(needed => needed) * size,
                BlockSize = size,
                Children = [.. vector.Children.Where(child => ids[child] >= 0).Select(child => ids[child])],
                TiedTo = isOwner ? -1 : owners[Owner(id)],
            };
            kept.Add(changed);
            if (vector.Type == NodeType.Product) changed.Wiring = KeepWiring(id, blocks);
            else if (vector.Type == NodeType.Input && isOwner) changed.Parameters = KeepParameters(id, owner);
            else if (vector.Type == NodeType.Sum && isOwner) KeepEdges(id, owner, changed, blocks);
        }
        _draft.Vectors = kept;
        _draft.Root = ids[_draft.Root];
    }

    private int[] KeepWiring(int id, int[][] blocks)
    {
        DraftVector product = _vectors[id];
        int size = product.BlockSize, arity = product.Children.Length, next = 0;
        int[] wiring = new int[_needed[id].Count(needed => needed) * size * arity];
        for (int node = 0; node < product.Nodes; node++)
        {
            for (int c = 0; c < arity && _needed[id][node / size]; c++)
            {
                int reads = product.Reads(node, c);
                wiring[next++] = blocks[product.Children[c]][reads / size] * size + reads % size;
            }
        }
        return wiring;
    }

    private float[] KeepParameters(int id, DraftVector owner)
    {
        int each = owner.Parameters.Length / owner.Blocks, next = 0;
        float[] parameters = new float[_needed[id].Count(needed => needed) * each];
        for (int block = 0; block < owner.Blocks; block++)
            if (_needed[id][block]) owner.Parameters.AsSpan(block * each, each).CopyTo(parameters.AsSpan(next++ * each));
        return parameters;
    }

    private void KeepEdges(int id, DraftVector owner, DraftVector changed, int[][] blocks)
    {
        int[] below = Numbers([.. Places(_vectors[id]).Select(place => _needed[place.Child][place.Block])]);
        int count = 0, each = owner.Parameters.Length / owner.Out.Length;
        foreach (int block in owner.Out)
            if (_needed[id][block]) count++;
        (changed.Out, changed.In, changed.Parameters) = (new int[count], new int[count], new float[count * each]);
        for (int e = 0, next = 0; e < owner.Out.Length; e++)
        {
            if (!_needed[id][owner.Out[e]]) continue;
            (changed.Out[next], changed.In[next]) = (blocks[id][owner.Out[e]], below[owner.In[e]]);
            owner.Parameters.AsSpan(e * each, each).CopyTo(changed.Parameters.AsSpan(next++ * each));
        }
    }

    private static int[] Numbers(bool[] needed)
    {
        int next = 0;
        return [.. needed.Select(isNeeded => isNeeded ? next++ : -1)];
    }
}
