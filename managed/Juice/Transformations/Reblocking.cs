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
        Parallel.For(0, sizes.Length, id =>
        {
            DraftVector sum = draft.Vectors[id];
            if (sum.Type != NodeType.Sum || sum.TiedTo >= 0) return;
            int own = sizes[id], below = sizes[sum.Children[0]];
            if (own != sum.BlockSize || below != draft.ChildBlockSize(sum)) new Cutting(sum, draft.ChildBlockSize(sum), own, below, draft.ChildBlocks(sum)).Apply();
        });
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
}
