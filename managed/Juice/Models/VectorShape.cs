using Juice.Interop;

namespace Juice;

/// <summary>
/// What a model remembers of a node vector once the circuit may be gone (the engine takes its memory over): the sizes of its parameters and flows.
/// </summary>
internal readonly record struct VectorShape(long Nodes, long Parameters, long Flows)
{
    /// <summary>The shapes of all vectors, and for each variable a distribution that says what its domain is.</summary>
    public static (VectorShape[] Shapes, Distribution[] Domains) Read(Circuit circuit)
    {
        VectorShape[] shapes = new VectorShape[circuit.VectorCount];
        Distribution[] domains = new Distribution[circuit.Variables];
        for (int id = 0; id < shapes.Length; id++)
        {
            NativeVector vector = circuit.ReadVector(id);
            long nodes = vector.NodeBlocks * vector.BlockSize;
            if (vector.Type == (int)NodeType.Input)
            {
                Distribution distribution = Distribution.FromNative(vector.Distribution);
                domains[vector.Variable] ??= distribution;
                shapes[id] = new(nodes, nodes * distribution.ParametersPerNode, nodes * distribution.StatisticsPerNode);
            }
            else
            {
                shapes[id] = new(nodes, vector.ParameterCount, vector.ParameterCount);
            }
        }
        return (shapes, domains);
    }
}
