namespace Juice;

/// <summary>
/// One update of the parameters from the flows, by expectation maximisation unless <see cref="Optimizer"/> says otherwise: θ' = (1−s)·θ + s·(F + α/n)/(ΣF + α) for the weights and probabilities of a node with n non-zero
/// entries, flows F, step size s and pseudocount α. Gaussians and logistics move towards the moments of their flows. Exact zeros stay zero.
/// </summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record EmUpdate
{
    /// <summary>What makes parameters from flows; expectation maximisation by default.</summary>
    public Optimizer Optimizer { get; init; } = Optimizer.Em;

    /// <summary>
    /// What the flows weigh, for every optimiser but expectation maximisation: they are divided by it. 0, the default: the weights of the rows that
    /// <see cref="CompiledCircuit.Backward"/> has seen since the last update, added up. To be given where flows come from elsewhere.
    /// </summary>
    public float Mass { get; init; }

    /// <summary>
    /// The step size, in (0, 1] (stochastic gradient and Adam: above 0); 1 by default, which with all rows in the flows is classic expectation
    /// maximisation.
    /// </summary>
    public float StepSize { get; init; } = 1;

    /// <summary>Added to the flows of every node, shared out evenly over its non-zero entries; 0 by default.</summary>
    public float Pseudocount { get; init; }

    /// <summary>The least standard deviation of a Gaussian, 0.01 by default.</summary>
    public float MinDeviation { get; init; } = 0.01f;

    /// <summary>The least scale of a discrete logistic, 0.01 by default.</summary>
    public float MinScale { get; init; } = 0.01f;

    internal unsafe Interop.NativeRule ToNative()
    {
        ArgumentNullException.ThrowIfNull(Optimizer);
        Interop.NativeRule rule = new()
        {
            Size = sizeof(Interop.NativeRule),
            StepSize = StepSize,
            Pseudocount = Pseudocount,
            MinDeviation = MinDeviation,
            MinScale = MinScale,
            Mass = Mass,
        };
        Optimizer.AddTo(ref rule);
        return rule;
    }
}
