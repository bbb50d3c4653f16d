using Juice.Interop;

namespace Juice;

/// <summary>The three types of node vectors.</summary>
public enum NodeType
{
    /// <summary>One distribution per node over one variable.</summary>
    Input = 0,

    /// <summary>Node values multiply.</summary>
    Product = 1,

    /// <summary>A mixture over the nodes of the children.</summary>
    Sum = 2,
}

/// <summary>
/// A node vector of a circuit: <see cref="NodeBlocks"/> × <see cref="BlockSize"/> nodes of one type, wired alike. Node i is offset
/// <c>i % BlockSize</c> of block <c>i / BlockSize</c>.
/// </summary>
/// <remarks>Immutable; safe to use from any number of threads. It keeps its circuit alive.</remarks>
public sealed class NodeVector
{
    private readonly Circuit _circuit;
    private readonly int[] _children;
    private float[]? _parameters;
    private int[]? _edges;
    private int[]? _scope;

    internal unsafe NodeVector(Circuit circuit, int id, in NativeVector native)
    {
        _circuit = circuit;
        _children = new ReadOnlySpan<int>(native.Children, native.ChildCount).ToArray();
        Id = id;
        Type = (NodeType)native.Type;
        Variable = native.Type == (int)NodeType.Input ? native.Variable : null;
        Distribution = native.Type == (int)NodeType.Input ? Juice.Distribution.FromNative(native.Distribution) : null;
        NodeBlocks = native.NodeBlocks;
        BlockSize = native.BlockSize;
        TiedTo = native.TiedTo < 0 ? null : native.TiedTo;
        HasEdges = native.Edges is not null;
        EdgeRows = native.EdgeRows;
        EdgeCount = native.EdgeCount;
        ParameterCount = native.ParameterCount;
    }

    /// <summary>The vector's number in its circuit; children have lower ones.</summary>
    public int Id { get; }

    /// <summary>Input, product or sum.</summary>
    public NodeType Type { get; }

    /// <summary>The variable of an input; null for products and sums.</summary>
    public int? Variable { get; }

    /// <summary>The distribution of an input; null for products and sums.</summary>
    public Distribution? Distribution { get; }

    /// <summary>Number of blocks.</summary>
    public long NodeBlocks { get; }

    /// <summary>Nodes a block.</summary>
    public long BlockSize { get; }

    /// <summary>Number of nodes.</summary>
    public long Nodes => NodeBlocks * BlockSize;

    /// <summary>The number of the vector whose parameters (and a sum's edges) this one shares, or null.</summary>
    public int? TiedTo { get; }

    /// <summary>The numbers of the children.</summary>
    public ReadOnlySpan<int> Children => _children;

    /// <summary>Whether the wiring is written out; otherwise it is the implied one.</summary>
    public bool HasEdges { get; }

    /// <summary>Rows of a wired product's <see cref="Edges"/>: <see cref="NodeBlocks"/> (block wiring) or <see cref="Nodes"/> (node wiring).</summary>
    public long EdgeRows { get; }

    /// <summary>Block edges of a sum, whether its wiring is written out or implied.</summary>
    public long EdgeCount { get; }

    /// <summary>Number of parameters that the vector reads, its owner's where it is tied.</summary>
    public long ParameterCount { get; }

    /// <summary>
    /// The wiring where it is written out: a product's <c>[EdgeRows, children]</c>, a sum's <c>[2, EdgeCount]</c>; empty where it is implied. A
    /// tied sum shows its owner's. Copied out of the circuit when first read.
    /// </summary>
    public ReadOnlySpan<int> Edges => _edges ??= CopyEdges();

    /// <summary>
    /// The parameters in the layout of the model file: a sum's <c>[EdgeCount, BlockSize, k]</c>, an input's
    /// <c>[Nodes, Distribution.ParametersPerNode]</c>; empty for products and indicators. A tied vector shows its owner's. Copied out of the circuit
    /// when first read, and kept; <see cref="CopyParametersTo"/> keeps nothing.
    /// </summary>
    public ReadOnlySpan<float> Parameters => _parameters ??= CopyParameters();

    /// <summary>The variables that the vector is a distribution over, ascending.</summary>
    public ReadOnlySpan<int> Scope => _scope ??= [.. Enumerable.Range(0, _circuit.Variables).Where(InScope)];

    /// <summary>Whether a variable is in the vector's scope.</summary>
    /// <exception cref="ArgumentException">The circuit has no such variable.</exception>
    public bool InScope(int variable)
    {
        Status.Check(NativeMethods.juice_circuit_in_scope(_circuit.Handle, Id, variable, out int inScope));
        return inScope != 0;
    }

    /// <summary>Copies the parameters out.</summary>
    /// <param name="destination">Room for <see cref="ParameterCount"/> floats.</param>
    /// <exception cref="ArgumentException">The destination is shorter than that.</exception>
    public void CopyParametersTo(Span<float> destination)
    {
        if (destination.Length < ParameterCount)
            throw new ArgumentException($"The destination has room for {destination.Length} of {ParameterCount} parameters.", nameof(destination));
        _circuit.ReadParameters(Id, destination);
    }

    /// <inheritdoc/>
    public override string ToString() => Type switch
    {
        NodeType.Input => $"{Id}: {NodeBlocks} × {BlockSize} inputs, {Distribution} over variable {Variable}",
        NodeType.Product => $"{Id}: {NodeBlocks} × {BlockSize} products",
        _ => $"{Id}: {NodeBlocks} × {BlockSize} sums",
    };

    private float[] CopyParameters()
    {
        float[] copy = new float[ParameterCount];
        _circuit.ReadParameters(Id, copy);
        return copy;
    }

    private int[] CopyEdges()
    {
        if (!HasEdges) return [];
        int[] copy = new int[Type == NodeType.Sum ? 2 * EdgeCount : EdgeRows * _children.Length];
        _circuit.ReadEdges(Id, copy);
        return copy;
    }
}
