namespace Juice;

/// <summary>How a circuit is compiled.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record CompileOptions
{
    /// <summary>Processor threads; 0, the default, is all cores. The results do not depend on it, bit for bit.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Bytes for parameters, flows and activations. Batches that do not fit are worked on in parts. 0, the default: the environment variable
    /// <c>JUICE_MEMORY_LIMIT</c>, else no limit.
    /// </summary>
    public long MemoryLimit { get; init; }

    /// <summary>The training batch to plan for, 256 by default. Other batches work, too.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>The instruction set of the CPU engine; by default the best there is, or what the environment variable <c>JUICE_CPU</c> names.</summary>
    public InstructionSet InstructionSet { get; init; }

    /// <summary>The digits of matrix products; by default those of float32.</summary>
    public Precision Precision { get; init; }
}

/// <summary>The digits of matrix products. Parameters are float32 either way, and a node's weights add up to 1 within 1e-5 after every update.</summary>
public enum Precision
{
    /// <summary>Float32: log-likelihoods within 1e-5, relative.</summary>
    Exact = 0,

    /// <summary>
    /// Where a device gains by it, and in sums of 64 nodes and more, operands are rounded to bf16 and added up in float32: log-likelihoods within 2e-4,
    /// flows within 2 % (99th percentile). Max-product and samples stay exact, and so does the processor.
    /// </summary>
    Fast = 1,
}

/// <summary>Instruction sets of the CPU engine. The results agree within rounding.</summary>
public enum InstructionSet
{
    /// <summary>What <c>JUICE_CPU</c> names, else the best there is.</summary>
    Automatic = 0,

    /// <summary>Code for any processor.</summary>
    Portable,

    /// <summary>256-bit vectors.</summary>
    Avx2,

    /// <summary>512-bit vectors.</summary>
    Avx512,
}
