using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 3: circuits.
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)]
    internal static partial int juice_circuit_create(NativeCircuitDescription* description, out CircuitHandle circuit);

    [LibraryImport(Library)]
    internal static partial void juice_circuit_free(nint circuit);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_get_info(CircuitHandle circuit, NativeCircuitInfo* info);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_vector(CircuitHandle circuit, int id, out NativeVector vector);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_in_scope(CircuitHandle circuit, int id, int variable, out int inScope);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_metadata_count(CircuitHandle circuit, out int count);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_metadata(CircuitHandle circuit, int index, out byte* key, out byte* value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int juice_circuit_with_metadata(CircuitHandle circuit, string key, string? value, out CircuitHandle changed);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_state_count(CircuitHandle circuit, out int count);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_state(CircuitHandle circuit, int index, out NativeTensor tensor);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_with_state(CircuitHandle circuit, NativeTensor* tensors, int count, out CircuitHandle changed);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int juice_circuit_read(string path, ulong* seed, out CircuitHandle circuit);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_read_memory(void* bytes, long length, ulong* seed, out CircuitHandle circuit);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int juice_circuit_write(CircuitHandle circuit, string path);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_write_stream(CircuitHandle circuit, delegate* unmanaged[Cdecl]<void*, long, void*, int> sink, void* user);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_to_json(CircuitHandle circuit, out byte* json);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_from_json(byte* json, long length, ulong* seed, out CircuitHandle circuit);
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeDistribution
{
    public int Type;
    public int Count;
    public double Low;
    public double High;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVector
{
    public int Type;
    public int Variable;
    public long NodeBlocks;
    public long BlockSize;
    public NativeDistribution Distribution;
    public int TiedTo;
    public int ChildCount;
    public int* Children;
    public int* Edges;
    public long EdgeRows;
    public long EdgeCount;
    public float* Parameters;
    public long ParameterCount;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCircuitDescription
{
    public int Size;
    public int Variables;
    public int Root;
    public int VectorCount;
    public NativeVector* Vectors;
    public int Initialize;
    public int Reserved;
    public ulong Seed;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTensor
{
    public byte* Name;
    public byte* Type;
    public long* Shape;
    public void* Data;
    public long Bytes;
    public int Rank;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeCircuitInfo
{
    public int Size;
    public int Variables;
    public int Root;
    public int Roots;
    public int Vectors;
    public int Depth;
    public long Nodes;
    public long SumEdges;
    public long ProductEdges;
    public long Parameters;
}
