namespace Juice;

/// <summary>
/// One update by expectation maximisation: θ' = (1−s)·θ + s·(F + α/n)/(ΣF + α) for the weights and probabilities of a node with n non-zero
/// entries, flows F, step size s and pseudocount α. Gaussians and logistics move towards the moments of their flows. Exact zeros stay zero.
/// </summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record EmUpdate
{
    /// <summary>The step size, in (0, 1]; 1 by default, which with all rows in the flows is classic expectation maximisation.</summary>
    public float StepSize { get; init; } = 1;

    /// <summary>Added to the flows of every node, shared out evenly over its non-zero entries; 0 by default.</summary>
    public float Pseudocount { get; init; }

    /// <summary>The least standard deviation of a Gaussian, 0.01 by default.</summary>
    public float MinDeviation { get; init; } = 0.01f;

    /// <summary>The least scale of a discrete logistic, 0.01 by default.</summary>
    public float MinScale { get; init; } = 0.01f;

    internal unsafe Interop.NativeEm ToNative() => new()
    {
        Size = sizeof(Interop.NativeEm),
        StepSize = StepSize,
        Pseudocount = Pseudocount,
        MinDeviation = MinDeviation,
        MinScale = MinScale,
    };
}
