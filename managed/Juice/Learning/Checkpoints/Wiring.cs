using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Juice.Interop;

namespace Juice;

/// <summary>A circuit without its parameters: whether two are wired alike.</summary>
internal static class Wiring
{
    public static bool AreSame(Circuit one, Circuit other) => Hash(one).AsSpan().SequenceEqual(Hash(other));

    // Tied vectors show their owner's edges; the id of the owner stands beside them.
    private static unsafe byte[] Hash(Circuit circuit)
    {
        using HandleLease lease = new(circuit.Handle);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes([circuit.Variables, circuit.Root, circuit.VectorCount]));
        for (int id = 0; id < circuit.VectorCount; id++)
        {
            NativeVector vector = circuit.ReadVector(id);
            NativeDistribution distribution = vector.Type == (int)NodeType.Input ? vector.Distribution : default;
            hash.AppendData(MemoryMarshal.AsBytes(
            [
                vector.Type, vector.Variable, vector.NodeBlocks, vector.BlockSize, vector.TiedTo, vector.ChildCount, vector.EdgeRows, vector.EdgeCount,
                distribution.Type, distribution.Count,
            ]));
            hash.AppendData(MemoryMarshal.AsBytes([distribution.Low, distribution.High]));
            hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(vector.Children, vector.ChildCount)));
            if (vector.Edges is null) continue;
            long edges = vector.Type == (int)NodeType.Sum ? 2 * vector.EdgeCount : vector.EdgeRows * vector.ChildCount;
            for (long at = 0; at < edges;)
            {
                int piece = (int)Math.Min(edges - at, 1 << 28);
                hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(vector.Edges + at, piece)));
                at += piece;
            }
        }
        return hash.GetHashAndReset();
    }
}
