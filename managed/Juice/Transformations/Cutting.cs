namespace Juice;

/// <summary>Writes the edges of one sum vector anew in blocks of another size, ordered by the sum's block, then the children's; wholly zero blocks go.</summary>
internal sealed class Cutting
{
    private readonly DraftVector _sum;
    private readonly int _size, _childSize;         // of the blocks as they are
    private readonly int _own, _below;              // and as they will be
    private readonly int[] _begin, _edges;          // the edges of each block as it is: its own from _begin[block] in _edges
    private readonly int[] _edgeOf;                 // within a block as it will be: by the block below, 1 + the number of their edge; 0: none
    private readonly List<int> _found = [];

    /// <param name="sum">The vector, whose parameters are its own.</param>
    /// <param name="childSize">Nodes a block of its children, as they are.</param>
    /// <param name="own">Nodes a block, as they will be.</param>
    /// <param name="below">Likewise of its children.</param>
    /// <param name="childBlocks">Blocks of all its children, as they are.</param>
    public Cutting(DraftVector sum, int childSize, int own, int below, int childBlocks)
    {
        (_sum, _size, _childSize, _own, _below) = (sum, sum.BlockSize, childSize, own, below);
        (_begin, _edges) = Edges.ByBlock(sum.Out, sum.Blocks);
        _edgeOf = new int[(int)((long)childBlocks * childSize / below)];
    }

    public void Apply()
    {
        List<int> outs = [], ins = [];
        for (int block = 0; block < _sum.Nodes / _own; block++)
        {
            Find(block);
            foreach (int child in _found)
            {
                outs.Add(block);
                ins.Add(child);
                _edgeOf[child] = 0;
            }
        }
        float[] weights = new float[checked((long)outs.Count * _own * _below)], scores = _sum.Scores.Length == 0 ? [] : new float[weights.Length];
        for (int edge = 0; edge < outs.Count;)
        {
            int block = outs[edge], first = edge;
            for (; edge < outs.Count && outs[edge] == block; edge++) _edgeOf[ins[edge]] = edge + 1;
            Move(block, _sum.Parameters, weights, _sum.Parameters);
            if (scores.Length > 0) Move(block, _sum.Scores, scores, _sum.Parameters);
            for (int e = first; e < edge; e++) _edgeOf[ins[e]] = 0;
        }
        (_sum.Out, _sum.In, _sum.Parameters, _sum.Scores) = ([.. outs], [.. ins], weights, scores);
    }

    // The blocks below that a block will read, ascending.
    private void Find(int block)
    {
        _found.Clear();
        for (int node = block * _own; node < (block + 1) * _own; node++)
        {
            for (int i = _begin[node / _size]; i < _begin[node / _size + 1]; i++)
            {
                int first = _sum.In[_edges[i]] * _childSize;
                ReadOnlySpan<float> row = Row(_sum.Parameters, _edges[i], node);
                for (int c = 0; c < row.Length; c++)
                {
                    if (row[c] == 0 || _edgeOf[(first + c) / _below] != 0) continue;
                    _edgeOf[(first + c) / _below] = 1;
                    _found.Add((first + c) / _below);
                }
            }
        }
        _found.Sort();
    }

    // Values of the edges of a block to their places; those of structural zeros stay behind.
    private void Move(int block, float[] from, float[] to, float[] weights)
    {
        for (int node = block * _own; node < (block + 1) * _own; node++)
        {
            for (int i = _begin[node / _size]; i < _begin[node / _size + 1]; i++)
            {
                int first = _sum.In[_edges[i]] * _childSize;
                ReadOnlySpan<float> values = Row(from, _edges[i], node), row = Row(weights, _edges[i], node);
                for (int c = 0; c < row.Length; c++)
                {
                    int child = first + c;
                    if (row[c] != 0) to[((_edgeOf[child / _below] - 1) * _own + node % _own) * _below + child % _below] = values[c];
                }
            }
        }
    }

    private ReadOnlySpan<float> Row(float[] values, int edge, int node) => values.AsSpan((edge * _size + node % _size) * _childSize, _childSize);
}
