using System.Runtime.InteropServices;
using Juice.Interop;

namespace Juice;

/// <summary>
/// Builds a circuit vector by vector, children first, exactly as the model file describes one. Every method that adds a vector returns its
/// number, to be named as a child later. The rules are checked by <see cref="Build"/>.
/// </summary>
/// <example>
/// A mixture of two pairs of coins:
/// <code>
/// var builder = new CircuitBuilder(variables: 2);
/// int x = builder.Input(0, new Bernoulli(), nodeBlocks: 1, blockSize: 2, parameters: [0.1f, 0.8f]);
/// int y = builder.Input(1, new Bernoulli(), nodeBlocks: 1, blockSize: 2, parameters: [0.3f, 0.6f]);
/// int xy = builder.Product([x, y], nodeBlocks: 1, blockSize: 2);
/// int root = builder.Sum([xy], nodeBlocks: 1, blockSize: 1, parameters: [0.25f, 0.75f]);
/// using Circuit circuit = builder.Build(root);
/// </code>
/// </example>
/// <remarks>For one thread at a time. What is passed in is copied.</remarks>
public sealed class CircuitBuilder
{
    private readonly List<Entry> _entries = [];
    private readonly int _variables;

    /// <summary>A builder of circuits over some variables.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="variables"/> is under 1.</exception>
    public CircuitBuilder(int variables)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(variables, 1);
        _variables = variables;
    }

    /// <summary>Number of vectors so far; the next one gets this number.</summary>
    public int Count => _entries.Count;

    /// <summary>Adds a vector of inputs over one variable.</summary>
    /// <param name="variable">The variable.</param>
    /// <param name="distribution">What each node computes.</param>
    /// <param name="nodeBlocks">Number of blocks.</param>
    /// <param name="blockSize">Nodes a block.</param>
    /// <param name="parameters"><c>[nodes, distribution.ParametersPerNode]</c>; empty: drawn from the seed of <see cref="Build"/>.</param>
    /// <returns>The vector's number.</returns>
    public int Input(int variable, Distribution distribution, long nodeBlocks, long blockSize, ReadOnlySpan<float> parameters = default)
    {
        ArgumentNullException.ThrowIfNull(distribution);
        return Add(NodeType.Input, nodeBlocks, blockSize, distribution: distribution, variable: variable, parameters: parameters);
    }

    /// <summary>Adds a vector of inputs over one variable that shares the parameters and the shape of an earlier one.</summary>
    /// <param name="variable">The variable.</param>
    /// <param name="owner">The number of the vector to share with, an input that is not tied itself.</param>
    /// <returns>The vector's number.</returns>
    public int TiedInput(int variable, int owner)
    {
        Entry shared = Owner(owner, NodeType.Input);
        return Add(NodeType.Input, shared.NodeBlocks, shared.BlockSize, distribution: shared.Distribution, variable: variable, tiedTo: owner);
    }

    /// <summary>Adds a vector of products.</summary>
    /// <param name="children">The numbers of the children, whose scopes are disjoint and whose block size is the product's own.</param>
    /// <param name="nodeBlocks">Number of blocks.</param>
    /// <param name="blockSize">Nodes a block.</param>
    /// <param name="edges">
    /// <c>[nodeBlocks, children]</c>: the block of each child that a block reads; or <c>[nodes, children]</c>: the node of each child that a node
    /// reads; null: block b reads block b of each child.
    /// </param>
    /// <returns>The vector's number.</returns>
    public int Product(ReadOnlySpan<int> children, long nodeBlocks, long blockSize, int[,]? edges = null)
    {
        if (edges is not null && edges.GetLength(1) != children.Length)
            throw new ArgumentException($"A product's edges have a column a child: {children.Length}, not {edges.GetLength(1)}.", nameof(edges));
        return Add(NodeType.Product, nodeBlocks, blockSize, children, edges);
    }

    /// <summary>Adds a vector of sums.</summary>
    /// <param name="children">The numbers of the children, which share a scope and a block size k; their blocks are numbered through.</param>
    /// <param name="nodeBlocks">Number of blocks.</param>
    /// <param name="blockSize">Nodes a block.</param>
    /// <param name="edges">
    /// <c>[2, E]</c>: column (i, j) joins block i of the sum to block j of the children; null: every block to every block, ordered by i, then j.
    /// </param>
    /// <param name="parameters">
    /// <c>[E, blockSize, k]</c>: the weights, which add up to 1 for each sum node; an exact 0 is a structural zero. Empty: drawn from the seed of
    /// <see cref="Build"/>.
    /// </param>
    /// <returns>The vector's number.</returns>
    public int Sum(ReadOnlySpan<int> children, long nodeBlocks, long blockSize, int[,]? edges = null, ReadOnlySpan<float> parameters = default)
    {
        if (edges is not null && edges.GetLength(0) != 2)
            throw new ArgumentException($"A sum's edges have 2 rows, not {edges.GetLength(0)}.", nameof(edges));
        return Add(NodeType.Sum, nodeBlocks, blockSize, children, edges, parameters: parameters);
    }

    /// <summary>Adds a vector of sums that shares the edges, the parameters and the shape of an earlier one.</summary>
    /// <param name="children">The numbers of the children.</param>
    /// <param name="owner">The number of the vector to share with, a sum that is not tied itself.</param>
    /// <returns>The vector's number.</returns>
    public int TiedSum(ReadOnlySpan<int> children, int owner)
    {
        Entry shared = Owner(owner, NodeType.Sum);
        return Add(NodeType.Sum, shared.NodeBlocks, shared.BlockSize, children, tiedTo: owner);
    }

    /// <summary>Adds all vectors of a circuit, with edges, ties and parameters.</summary>
    /// <param name="circuit">The circuit to copy.</param>
    /// <param name="variables">By the circuit's variable, its number here; null: the same.</param>
    /// <returns>The number of the copied root.</returns>
    /// <exception cref="ArgumentException">There is not a number for each variable.</exception>
    public int Add(Circuit circuit, IReadOnlyList<int>? variables = null)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        if (variables is not null && variables.Count != circuit.Variables)
            throw new ArgumentException($"There are {variables.Count} numbers for the circuit's {circuit.Variables} variables.", nameof(variables));
        return CircuitCopy.Add(this, circuit, variable => variables is null ? variable : variables[variable]);
    }

    /// <summary>Adds a copy of everything under a vector, over other variables; parameters are the original's, or shared with it.</summary>
    /// <param name="vector">The number of the vector.</param>
    /// <param name="variables">By the original's variable, the copy's; variables that are not in it stay the same, and null: all do.</param>
    /// <param name="tied">Whether inputs and sums of the copy share the parameters of the originals; false by default.</param>
    /// <returns>The number of the vector's copy.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such vector.</exception>
    public int Copy(int vector, IReadOnlyDictionary<int, int>? variables = null, bool tied = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(vector);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(vector, Count);
        bool[] under = new bool[vector + 1];
        under[vector] = true;
        for (int id = vector; id >= 0; id--)
            if (under[id]) foreach (int child in _entries[id].Children) under[child] = true;
        Dictionary<int, int> copies = [];
        Dictionary<int, int> owners = [];       // of the copies that are not tied to the originals: who has the parameters
        for (int id = 0; id <= vector; id++)
        {
            if (!under[id]) continue;
            Entry entry = _entries[id];
            int original = entry.TiedTo < 0 ? id : entry.TiedTo, owner = -1;
            if (entry.Type != NodeType.Product && entry.Distribution is not Indicator)
            {
                owner = tied ? original : owners.GetValueOrDefault(original, -1);
                if (owner < 0) owners[original] = Count;
            }
            Entry source = entry.Type == NodeType.Product ? entry : _entries[original];
            copies[id] = Count;
            _entries.Add(source with
            {
                Variable = variables is not null && variables.TryGetValue(entry.Variable, out int other) ? other : entry.Variable,
                TiedTo = owner,
                Children = Pinned<int>([.. entry.Children.Select(child => copies[child])]),
                Edges = owner < 0 ? source.Edges : [],
                EdgeCount = owner < 0 ? source.EdgeCount : 0,
                HasEdges = owner < 0 && source.HasEdges,
                Parameters = owner < 0 ? source.Parameters : [],
            });
        }
        return copies[vector];
    }

    /// <summary>Checks the rules and makes the circuit. The builder can go on after that.</summary>
    /// <param name="root">The number of the root vector, which reaches all others and whose scope is all variables; null: the last one.</param>
    /// <param name="seed">Draws the parameters of vectors that were given none; without a seed these are an error.</param>
    /// <exception cref="InvalidDataException">A rule is broken; the message names the vector and the rule.</exception>
    public unsafe Circuit Build(int? root = null, ulong? seed = null)
    {
        NativeVector[] vectors = [.. _entries.Select(entry => entry.ToNative())];
        fixed (NativeVector* first = vectors)
        {
            NativeCircuitDescription description = new()
            {
                Size = sizeof(NativeCircuitDescription),
                Variables = _variables,
                Root = root ?? Count - 1,
                VectorCount = Count,
                Vectors = first,
                Initialize = seed.HasValue ? 1 : 0,
                Seed = seed ?? 0,
            };
            int status = NativeMethods.juice_circuit_create(&description, out CircuitHandle handle);
            GC.KeepAlive(_entries); // whose arrays the description points to
            Status.Check(status);
            return new Circuit(handle);
        }
    }

    private int Add(
        NodeType type, long nodeBlocks, long blockSize, ReadOnlySpan<int> children = default, int[,]? edges = null, Distribution? distribution = null,
        int variable = -1, int tiedTo = -1, ReadOnlySpan<float> parameters = default)
    {
        foreach (int child in children)
            if (child < 0 || child >= Count)
                throw new ArgumentException($"Vector {Count} names {child} as a child; only vectors 0 … {Count - 1} are there yet.", nameof(children));
        _entries.Add(new Entry(
            type, nodeBlocks, blockSize, variable, tiedTo, distribution, Pinned(children), edges is null ? [] : Pinned(Flat(edges)),
            type == NodeType.Product && edges is not null ? edges.GetLength(0) : 0,
            type == NodeType.Sum && edges is not null ? edges.GetLength(1) : 0,
            edges is not null, Pinned(parameters)));
        return Count - 1;
    }

    private Entry Owner(int owner, NodeType type)
    {
        if (owner < 0 || owner >= Count || _entries[owner].Type != type || _entries[owner].TiedTo >= 0)
        {
            string kind = type.ToString().ToLowerInvariant();
            throw new ArgumentException($"Vector {Count} cannot be tied to {owner}, which is not an earlier, untied {kind} vector.", nameof(owner));
        }
        return _entries[owner];
    }

    // On the pinned heap, so that a description can point to all of them at once.
    private static T[] Pinned<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        T[] copy = GC.AllocateUninitializedArray<T>(values.Length, pinned: true);
        values.CopyTo(copy);
        return copy;
    }

    private static ReadOnlySpan<int> Flat(int[,] edges) => edges.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref edges[0, 0], edges.Length);

    private sealed record Entry(
        NodeType Type, long NodeBlocks, long BlockSize, int Variable, int TiedTo, Distribution? Distribution, int[] Children, int[] Edges,
        long EdgeRows, long EdgeCount, bool HasEdges, float[] Parameters)
    {
        public unsafe NativeVector ToNative() => new()
        {
            Type = (int)Type,
            Variable = Variable,
            NodeBlocks = NodeBlocks,
            BlockSize = BlockSize,
            Distribution = Distribution?.ToNative() ?? default,
            TiedTo = TiedTo,
            ChildCount = Children.Length,
            Children = Pointer(Children),
            Edges = HasEdges ? Pointer(Edges) : null,
            EdgeRows = EdgeRows,
            EdgeCount = EdgeCount,
            Parameters = Parameters.Length > 0 ? Pointer(Parameters) : null,
            ParameterCount = Parameters.Length,
        };

        private static unsafe T* Pointer<T>(T[] pinned) where T : unmanaged => (T*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
    }
}
