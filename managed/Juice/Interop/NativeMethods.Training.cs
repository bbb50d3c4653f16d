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
    internal static partial int juice_model_update(ModelHandle model, in NativeRule rule);

    [LibraryImport(Library)]
    internal static partial int juice_model_set_power(ModelHandle model, float power);

    [LibraryImport(Library)]
    internal static partial int juice_model_soft_evidence(
        ModelHandle model, in NativeRows rows, in NativeSoft soft, float* rootFlows, int addFlows, double* logLikelihood, float* gradient);

    [LibraryImport(Library)]
    internal static partial int juice_model_get_optimizer(ModelHandle model, ref NativeOptimizer optimizer);

    [LibraryImport(Library)]
    internal static partial int juice_model_set_optimizer(ModelHandle model, in NativeOptimizer optimizer);

    [LibraryImport(Library)]
    internal static partial int juice_model_get_moments(ModelHandle model, int vector, int which, float* destination, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_set_moments(ModelHandle model, int vector, int which, float* source, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_get_gradient(ModelHandle model, int vector, int logs, float* destination, long count);

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
internal struct NativeRule
{
    public int Size;
    public float StepSize;
    public float Pseudocount;
    public float MinDeviation;
    public float MinScale;
    public int Optimizer;
    public float Momentum;
    public float SecondMomentum;
    public float Epsilon;
    public float Mass;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSoft
{
    public int Size;
    public int VariableCount;
    public int* Variables;
    public float* Logs;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeOptimizer
{
    public int Size;
    public int Optimizer;
    public long Updates;
    public double Mass;
    public int Moments;
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
    public NativeRule Rule;
    public float Power;
    public int Reserved;
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
