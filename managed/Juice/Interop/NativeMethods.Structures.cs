using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 5: structures.
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)]
    internal static partial int juice_mutual_information(in NativeRows rows, in NativeTreeOptions options, double* information);

    [LibraryImport(Library)]
    internal static partial int juice_maximum_spanning_tree(double* weights, int variables, int* parents);

    [LibraryImport(Library)]
    internal static partial int juice_chow_liu_tree(in NativeRows rows, in NativeTreeOptions options, int* parents);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_hclt(in NativeHcltOptions options, out CircuitHandle circuit);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_hmm(in NativeHmmOptions options, out CircuitHandle circuit);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_rat_spn(in NativeRatSpnOptions options, out CircuitHandle circuit);

    [LibraryImport(Library)]
    internal static partial int juice_circuit_poon_domingos(in NativePoonDomingosOptions options, out CircuitHandle circuit);
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTreeOptions
{
    public int Size;
    public int Bins;
    public int Quantiles;
    public int Threads;
    public long RowLimit;
    public ulong Seed;
    public double Pseudocount;
    public delegate* unmanaged[Cdecl]<long, long, double, void*, int> Progress;
    public void* User;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeHcltOptions
{
    public int Size;
    public int Variables;
    public int* Parents;
    public NativeDistribution* Distributions;
    public int Latents;
    public int Roots;
    public ulong Seed;
    public int TiedInputs;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeHmmOptions
{
    public int Size;
    public int Variables;
    public NativeDistribution* Distributions;
    public int Latents;
    public int Roots;
    public ulong Seed;
    public int Homogeneous;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeRatSpnOptions
{
    public int Size;
    public int Variables;
    public NativeDistribution* Distributions;
    public int Latents;
    public int Roots;
    public ulong Seed;
    public int Depth;
    public int Repetitions;
    public int Pieces;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativePoonDomingosOptions
{
    public int Size;
    public int Axes;
    public int* Shape;
    public NativeDistribution* Distributions;
    public int Latents;
    public int Roots;
    public ulong Seed;
    public int* Intervals;
    public int* SplitCounts;
    public int* SplitPoints;
    public int BlockSize;
    public int MostSplits;
    public int ProductDominated;
    public int Tied;
    public int* Parents;
}
