using Juice.Interop;

namespace Juice;

/// <summary>What a circuit was compiled to: the plan in numbers.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record ModelInfo
{
    internal unsafe ModelInfo(NativeModelInfo* native)
    {
        Variables = native->Variables;
        Roots = native->Roots;
        Vectors = native->Vectors;
        Threads = native->Threads;
        UpdatesInPlace = native->InPlace != 0;
        Operations = native->Operations;
        Stages = native->Stages;
        CriticalPath = native->CriticalPath;
        BatchSize = native->BatchSize;
        MicroBatch = native->MicroBatch;
        ParameterBytes = native->ParameterBytes;
        FlowBytes = native->FlowBytes;
        ActivationBytes = native->ActivationBytes;
        FlopPerRow = native->FlopPerRow;
        StepBytes = native->StepBytes;
        Device = NativeText.Read(native->Device, 32);
        InstructionSet = NativeText.Read(native->InstructionSet, 32);
    }

    /// <summary>Number of variables.</summary>
    public int Variables { get; }

    /// <summary>Nodes of the root vector.</summary>
    public int Roots { get; }

    /// <summary>Number of node vectors.</summary>
    public int Vectors { get; }

    /// <summary>Processor threads in use.</summary>
    public int Threads { get; }

    /// <summary>Whether the planned batch trains without a flow buffer.</summary>
    public bool UpdatesInPlace { get; }

    /// <summary>Operations of the plan.</summary>
    public long Operations { get; }

    /// <summary>Stages of the plan: sets of operations that do not depend on each other.</summary>
    public long Stages { get; }

    /// <summary>Stages that must follow each other.</summary>
    public long CriticalPath { get; }

    /// <summary>The batch that was planned for.</summary>
    public long BatchSize { get; }

    /// <summary>Rows at a time under the memory limit.</summary>
    public long MicroBatch { get; }

    /// <summary>Bytes of the parameters.</summary>
    public long ParameterBytes { get; }

    /// <summary>Bytes of the flow buffer, which is allocated on first use.</summary>
    public long FlowBytes { get; }

    /// <summary>Bytes of the values that one micro-batch of training keeps.</summary>
    public long ActivationBytes { get; }

    /// <summary>Floating-point operations of training on one row, two a multiply-add, matrix products only.</summary>
    public double FlopPerRow { get; }

    /// <summary>The least traffic of one training step of the planned batch, in bytes.</summary>
    public double StepBytes { get; }

    /// <summary>The device's name.</summary>
    public string Device { get; }

    /// <summary>The instruction set in use.</summary>
    public string InstructionSet { get; }
}
