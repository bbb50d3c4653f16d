using System.Numerics;

namespace Juice;

/// <summary>Cuts the vectors of a draft into blocks of another size: block edges are split up, or single ones gathered. Wholly zero ones go.</summary>
internal static class Reblocking
{
    /// <param name="draft">The circuit.</param>
    /// <param name="blockSize">
    /// Nodes a block at most: vectors that must agree get the largest number up to this that divides them all.
    /// </param>
    public static void Apply(CircuitDraft draft, int blockSize)
    {
        int[] sizes = Sizes(draft, blockSize);
        for (int id = 0; id < sizes.Length; id++)
        {
            DraftVector sum = draft.Vectors[id];
            if (sum.Type != NodeType.Sum || sum.TiedTo >= 0) continue;
            int own = sizes[id], below = sizes[sum.Children[0]];
            if (own != sum.BlockSize || below != draft.ChildBlockSize(sum)) Cut(sum, draft.ChildBlockSize(sum), own, below);
        }
        for (int id = 0; id < sizes.Length; id++) draft.Vectors[id].BlockSize = sizes[id];
    }

    /// <summary>The size of every vector's blocks.</summary>
    private static int[] Sizes(CircuitDraft draft, int blockSize)
    {
        List<DraftVector> vectors = draft.Vectors;
        int[] group = [.. Enumerable.Range(0, vectors.Count)];
        int Find(int id) => group[id] == id ? id : group[id] = Find(group[id]);
        void Join(int a, int b) => group[Math.Max(Find(a), Find(b))] = Math.Min(Find(a), Find(b));
        for (int id = 0; id < vectors.Count; id++)
        {
            DraftVector vector = vectors[id];
            foreach (int child in vector.Children) Join(vector.Type == NodeType.Product ? id : vector.Children[0], child);
            if (vector.TiedTo < 0) continue;
            Join(id, vector.TiedTo);
            if (vector.Type == NodeType.Sum) Join(vector.Children[0], vectors[vector.TiedTo].Children[0]);
        }
        int[] divisors = new int[vectors.Count];
        for (int id = 0; id < vectors.Count; id++)
        {
            int first = Find(id);
            divisors[first] = (int)BigInteger.GreatestCommonDivisor(divisors[first], vectors[id].Nodes);
        }
        for (int first = 0; first < vectors.Count; first++)
        {
            if (group[first] != first) continue;
            int size = Math.Min(blockSize, divisors[first]);
            while (divisors[first] % size != 0) size--;
            divisors[first] = size;
        }
        return [.. Enumerable.Range(0, vectors.Count).Select(id => divisors[Find(id)])];
    }

    private static void Cut(DraftVector sum, int childSize, int own, int below)
    {
        (int size, int[] outs, int[] ins, float[] weights, float[] scores) = (sum.BlockSize, sum.Out, sum.In, sum.Parameters, sum.Scores);
        List<long> keys = [];
        for (int e = 0, at = 0; e < outs.Length; e++)
        {
            for (int a = 0; a < size; a++)
            {
                long row = (long)((outs[e] * size + a) / own) << 32;
                for (int c = 0; c < childSize; c++, at++)
                {
                    if (weights[at] == 0) continue;
                    long key = row | (uint)((ins[e] * childSize + c) / below);
                    if (keys.Count == 0 || keys[^1] != key) keys.Add(key);
                }
            }
        }
        keys.Sort();
        long[] edges = [.. keys.Distinct()];
        sum.Out = [.. edges.Select(key => (int)(key >> 32))];
        sum.In = [.. edges.Select(key => (int)key)];
        sum.Parameters = new float[checked((long)edges.Length * own * below)];
        sum.Scores = scores.Length == 0 ? [] : new float[sum.Parameters.Length];
        for (int e = 0, at = 0; e < outs.Length; e++)
        {
            for (int a = 0; a < size; a++)
            {
                int node = outs[e] * size + a, edge = -1;
                for (int c = 0; c < childSize; c++, at++)
                {
                    if (weights[at] == 0) continue;
                    int child = ins[e] * childSize + c;
                    if (edge < 0 || sum.In[edge] != child / below) edge = Array.BinarySearch(edges, (long)(node / own) << 32 | (uint)(child / below));
                    long to = ((long)edge * own + node % own) * below + child % below;
                    sum.Parameters[to] = weights[at];
                    if (scores.Length > 0) sum.Scores[to] = scores[at];
                }
            }
        }
    }
}
