using System.Runtime.InteropServices;
using System.Text;

namespace Juice.Interop;

/// <summary>Tensors on their way into a circuit's state: values by name, and parameters that are pointed at until they are copied.</summary>
internal sealed unsafe class StateWriter
{
    private readonly List<(string Name, string Type, long[] Shape, byte[]? Bytes, nint Data, long Length)> _tensors = [];

    public void Add(string name, long value) => Add(name, "I64", [], MemoryMarshal.AsBytes([value]));

    public void Add(string name, ulong value) => Add(name, "U64", [], MemoryMarshal.AsBytes([value]));

    public void Add(string name, double value) => Add(name, "F64", [], MemoryMarshal.AsBytes([value]));

    public void Add(string name, string text) => Add(name, Encoding.UTF8.GetBytes(text));

    public void Add(string name, byte[] bytes) => Add(name, "U8", [bytes.Length], bytes);

    public void Add(string name, ReadOnlySpan<long> values) => Add(name, "I64", [values.Length], MemoryMarshal.AsBytes(values));

    public void Add(string name, ReadOnlySpan<double> values) => Add(name, "F64", [values.Length], MemoryMarshal.AsBytes(values));

    public void Add(string name, ReadOnlySpan<float> values) => Add(name, "F32", [values.Length], MemoryMarshal.AsBytes(values));

    /// <summary>Floats that must stay where they are until <see cref="AddTo"/> has copied them.</summary>
    public void Add(string name, float* values, long count) => Add(name, "F32", [count], (nint)values, count * sizeof(float));

    /// <summary>Any tensor whose data must stay where it is until <see cref="AddTo"/> has copied it.</summary>
    public void Add(string name, string type, long[] shape, nint data, long length) => _tensors.Add((name, type, shape, null, data, length));

    /// <summary>The circuit with these tensors for its state.</summary>
    public CircuitHandle AddTo(CircuitHandle circuit)
    {
        List<GCHandle> pins = [];
        byte* Pin(Array array)
        {
            pins.Add(GCHandle.Alloc(array, GCHandleType.Pinned));
            return array.Length == 0 ? null : (byte*)pins[^1].AddrOfPinnedObject();
        }

        try
        {
            NativeTensor[] tensors = [.. _tensors.Select(tensor => new NativeTensor
            {
                Name = Pin(Encoding.UTF8.GetBytes(tensor.Name + '\0')),
                Type = Pin(Encoding.UTF8.GetBytes(tensor.Type + '\0')),
                Shape = (long*)Pin(tensor.Shape),
                Data = tensor.Bytes is null ? (void*)tensor.Data : Pin(tensor.Bytes),
                Bytes = tensor.Length,
                Rank = tensor.Shape.Length,
            })];
            fixed (NativeTensor* first = tensors)
            {
                Status.Check(NativeMethods.juice_circuit_with_state(circuit, first, tensors.Length, out CircuitHandle changed));
                return changed;
            }
        }
        finally
        {
            foreach (GCHandle pin in pins) pin.Free();
        }
    }

    private void Add(string name, string type, long[] shape, ReadOnlySpan<byte> bytes) =>
        _tensors.Add((name, type, shape, bytes.ToArray(), 0, bytes.Length));
}

/// <summary>A circuit's state by name. What is missing or of another type or size is an <see cref="InvalidDataException"/> that names it.</summary>
internal sealed unsafe class StateReader
{
    private readonly Circuit _circuit;
    private readonly Dictionary<string, NativeTensor> _tensors = [];

    public StateReader(Circuit circuit)
    {
        _circuit = circuit;
        Status.Check(NativeMethods.juice_circuit_state_count(circuit.Handle, out int count));
        for (int i = 0; i < count; i++)
        {
            Status.Check(NativeMethods.juice_circuit_state(circuit.Handle, i, out NativeTensor tensor));
            _tensors[NativeText.Read(tensor.Name)] = tensor;
        }
    }

    public IReadOnlyCollection<string> Names => _tensors.Keys;

    public bool Has(string name) => _tensors.ContainsKey(name);

    public long Integer(string name) => Values<long>(name, "I64", 1)[0];

    public ulong Unsigned(string name) => Values<ulong>(name, "U64", 1)[0];

    public double Real(string name) => Values<double>(name, "F64", 1)[0];

    public string Text(string name) => Encoding.UTF8.GetString(Bytes(name));

    public byte[] Bytes(string name) => Values<byte>(name, "U8", null);

    public long[] Integers(string name, long count) => Values<long>(name, "I64", count);

    public double[] Reals(string name, long count) => Values<double>(name, "F64", count);

    public float[] Floats(string name, long count) => Values<float>(name, "F32", count);

    /// <summary>The tensor into another state, as it is; it must be copied from there while the circuit lives.</summary>
    public void CopyTo(StateWriter state, string name)
    {
        NativeTensor tensor = _tensors[name];
        state.Add(name, NativeText.Read(tensor.Type), new ReadOnlySpan<long>(tensor.Shape, tensor.Rank).ToArray(), (nint)tensor.Data, tensor.Bytes);
    }

    private T[] Values<T>(string name, string type, long? count) where T : unmanaged
    {
        using HandleLease lease = new(_circuit.Handle);     // the tensors are the circuit's
        if (!_tensors.TryGetValue(name, out NativeTensor tensor)) throw new InvalidDataException($"The training state has no '{name}'.");
        if (NativeText.Read(tensor.Type) is var found && found != type)
            throw new InvalidDataException($"'{name}' of the training state has type {found}, not {type}.");
        long there = tensor.Bytes / sizeof(T);
        if (there != (count ?? there)) throw new InvalidDataException($"'{name}' of the training state has {there} entries, not {count}.");
        byte[] bytes = new ReadOnlySpan<byte>(tensor.Data, checked((int)tensor.Bytes)).ToArray();     // a file need not align them
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }
}
