using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 7: training, the step in three calls and a whole epoch.
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)]
    internal static partial int juice_model_forward(ModelHandle model, in NativeRows rows, long* indices, long n, double* logLikelihood);

    [LibraryImport(Library)]
    internal static partial int juice_model_backward(ModelHandle model, float* rootFlows);

    [LibraryImport(Library)]
    internal static partial int juice_model_update(ModelHandle model, in NativeEm rule);

    [LibraryImport(Library)]
    internal static partial int juice_model_flow_count(ModelHandle model, out long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_export_flows(ModelHandle model, float* destination, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_import_flows(ModelHandle model, float* source, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_add_flows(ModelHandle model, float* source, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_clear_flows(ModelHandle model);

    [LibraryImport(Library)]
    internal static partial int juice_model_get_flows(ModelHandle model, int vector, float* destination, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_set_flows(ModelHandle model, int vector, float* source, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_get_node_flows(ModelHandle model, int vector, float* destination, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_fit_epoch(ModelHandle model, in NativeRows rows, in NativeEpochOptions options, NativeEpochResult* result);
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeEm
{
    public int Size;
    public float StepSize;
    public float Pseudocount;
    public float MinDeviation;
    public float MinScale;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeEpochOptions
{
    public int Size;
    public int FullBatch;
    public long BatchSize;
    public int Shuffle;
    public int Epoch;
    public ulong Seed;
    public float* StepSizes;
    public long StepCount;
    public NativeEm Rule;
    public delegate* unmanaged[Cdecl]<long, long, double, void*, int> Progress;
    public void* User;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeEpochResult
{
    public int Size;
    public int Reserved;
    public long Rows;
    public long Steps;
    public long ImpossibleRows;
    public double LogLikelihood;
    public double Seconds;
}
