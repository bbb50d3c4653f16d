using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 6: models.
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)]
    internal static partial int juice_model_compile(CircuitHandle circuit, in NativeCompileOptions options, out ModelHandle model);

    [LibraryImport(Library)]
    internal static partial void juice_model_free(nint model);

    [LibraryImport(Library)]
    internal static partial int juice_model_get_info(ModelHandle model, NativeModelInfo* info);

    [LibraryImport(Library)]
    internal static partial int juice_model_plan(ModelHandle model, int json, out byte* text);

    [LibraryImport(Library)]
    internal static partial int juice_model_get_parameters(ModelHandle model, int vector, float* destination, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_set_parameters(ModelHandle model, int vector, float* source, long count);

    [LibraryImport(Library)]
    internal static partial int juice_model_to_circuit(ModelHandle model, out CircuitHandle circuit);

    [LibraryImport(Library)]
    internal static partial int juice_model_log_likelihood(
        ModelHandle model, in NativeRows rows, double* logLikelihood, delegate* unmanaged[Cdecl]<long, long, double, void*, int> progress, void* user);

    [LibraryImport(Library)]
    internal static partial int juice_model_max_log_value(
        ModelHandle model, in NativeRows rows, double* logValue, delegate* unmanaged[Cdecl]<long, long, double, void*, int> progress, void* user);

    [LibraryImport(Library)]
    internal static partial int juice_model_sample(ModelHandle model, NativeRows* evidence, in NativeSampleOptions options, void* destination);
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCompileOptions
{
    public int Size;
    public int Threads;
    public byte* Device;
    public byte* InstructionSet;
    public long MemoryLimit;
    public long BatchSize;
    public int Precision;
    public int Reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeModelInfo
{
    public int Size;
    public int Variables;
    public int Roots;
    public int Vectors;
    public int Threads;
    public int InPlace;
    public long Operations;
    public long Stages;
    public long CriticalPath;
    public long BatchSize;
    public long MicroBatch;
    public long ParameterBytes;
    public long FlowBytes;
    public long ActivationBytes;
    public double FlopPerRow;
    public double StepBytes;
    public fixed byte Device[32];
    public fixed byte InstructionSet[32];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSampleOptions
{
    public int Size;
    public int Element;
    public long Count;
    public ulong Seed;
    public long First;
    public double Temperature;
    public int Root;
    public int Reserved;
    public int* Roots;
    public delegate* unmanaged[Cdecl]<long, long, double, void*, int> Progress;
    public void* User;
}
