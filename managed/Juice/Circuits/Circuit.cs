using System.Collections.ObjectModel;
using Juice.Interop;

namespace Juice;

/// <summary>
/// A probabilistic circuit as data: variables, node vectors, wiring and parameters. Built by a <see cref="CircuitBuilder"/>, by
/// <see cref="Structures"/> or read from a file; <see cref="Compile"/> makes it something that trains and answers.
/// </summary>
/// <remarks>
/// Immutable; safe to use from any number of threads. Disposing frees the native memory at once rather than when the garbage collector gets to
/// it; whoever uses the circuit or one of its vectors after that gets an <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class Circuit : IDisposable
{
    private readonly NativeCircuitInfo _info;
    private ReadOnlyCollection<NodeVector>? _vectors;
    private ReadOnlyDictionary<string, string>? _metadata;

    internal unsafe Circuit(CircuitHandle handle)
    {
        Handle = handle;
        NativeCircuitInfo info = new() { Size = sizeof(NativeCircuitInfo) };
        Status.Check(NativeMethods.juice_circuit_get_info(handle, &info));
        _info = info;
    }

    internal CircuitHandle Handle { get; }

    /// <summary>Number of variables.</summary>
    public int Variables => _info.Variables;

    /// <summary>The number of the root vector.</summary>
    public int Root => _info.Root;

    /// <summary>Nodes of the root vector, each a distribution over all variables.</summary>
    public int Roots => _info.Roots;

    /// <summary>The longest path from the root to an input, in vectors above the input.</summary>
    public int Depth => _info.Depth;

    /// <summary>Number of nodes.</summary>
    public long Nodes => _info.Nodes;

    /// <summary>Edges into sums, single ones, those of tied vectors counted each time.</summary>
    public long SumEdges => _info.SumEdges;

    /// <summary>Edges into products.</summary>
    public long ProductEdges => _info.ProductEdges;

    /// <summary>Edges as the literature counts them: <see cref="SumEdges"/> plus <see cref="ProductEdges"/>.</summary>
    public long Edges => SumEdges + ProductEdges;

    /// <summary>Parameters stored, those of tied vectors counted once.</summary>
    public long Parameters => _info.Parameters;

    /// <summary>The node vectors, children first.</summary>
    public IReadOnlyList<NodeVector> Vectors => _vectors ??= ReadVectors();

    /// <summary>Free metadata, kept in the model file.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata ??= ReadMetadata();

    /// <summary>This circuit with one piece of metadata set, or removed where <paramref name="value"/> is null; everything else is shared.</summary>
    /// <exception cref="ArgumentException">The key is one of the format's own: <c>format</c>, <c>version</c>, <c>circuit</c>.</exception>
    public Circuit WithMetadata(string key, string? value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        Status.Check(NativeMethods.juice_circuit_with_metadata(Handle, key, value, out CircuitHandle changed));
        return new Circuit(changed);
    }

    /// <summary>Makes a model with its own parameters for a device.</summary>
    /// <param name="device">The device, or null for <see cref="Device.Default"/>.</param>
    /// <param name="options">Threads, memory and batch, or null for the defaults.</param>
    /// <exception cref="JuiceException">The device is not there, or the memory limit is below what is needed.</exception>
    public CompiledCircuit Compile(Device? device = null, CompileOptions? options = null) => new(this, device ?? Device.Default, options ?? new());

    /// <summary>Frees the native memory.</summary>
    public void Dispose() => Handle.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{Variables} variables, {_info.Vectors} vectors, {Nodes} nodes, {Edges} edges, {Parameters} parameters";

    internal int VectorCount => _info.Vectors;

    internal NativeVector ReadVector(int id)
    {
        Status.Check(NativeMethods.juice_circuit_vector(Handle, id, out NativeVector vector));
        return vector;
    }

    internal unsafe void ReadParameters(int id, Span<float> destination)
    {
        using HandleLease lease = new(Handle); // the pointers are the circuit's: it must not be freed while they are read
        NativeVector vector = ReadVector(id);
        new ReadOnlySpan<float>(vector.Parameters, checked((int)vector.ParameterCount)).CopyTo(destination);
    }

    internal unsafe void ReadEdges(int id, Span<int> destination)
    {
        using HandleLease lease = new(Handle);
        new ReadOnlySpan<int>(ReadVector(id).Edges, destination.Length).CopyTo(destination);
    }

    private ReadOnlyCollection<NodeVector> ReadVectors()
    {
        using HandleLease lease = new(Handle);
        NodeVector[] vectors = new NodeVector[_info.Vectors];
        for (int id = 0; id < vectors.Length; id++) vectors[id] = new NodeVector(this, id, ReadVector(id));
        return vectors.AsReadOnly();
    }

    private unsafe ReadOnlyDictionary<string, string> ReadMetadata()
    {
        using HandleLease lease = new(Handle);
        Dictionary<string, string> metadata = [];
        Status.Check(NativeMethods.juice_circuit_metadata_count(Handle, out int count));
        for (int i = 0; i < count; i++)
        {
            Status.Check(NativeMethods.juice_circuit_metadata(Handle, i, out byte* key, out byte* value));
            metadata[NativeText.Read(key)] = NativeText.Read(value);
        }
        return metadata.AsReadOnly();
    }
}
