namespace Juice;

/// <summary>Groups the block edges of a sum vector by the sum's block.</summary>
internal static class Edges
{
    /// <returns>The edges of block b, in their order, are <c>Edges[Begin[b]]</c> to before <c>Edges[Begin[b + 1]]</c>.</returns>
    public static (int[] Begin, int[] Edges) ByBlock(int[] outs, int blocks)
    {
        int[] begin = new int[blocks + 1], edges = new int[outs.Length];
        foreach (int block in outs) begin[block + 1]++;
        for (int block = 0; block < blocks; block++) begin[block + 1] += begin[block];
        int[] next = begin[..blocks];
        for (int e = 0; e < outs.Length; e++) edges[next[outs[e]]++] = e;
        return (begin, edges);
    }
}
