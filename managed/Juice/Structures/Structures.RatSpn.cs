using Juice.Interop;

namespace Juice;

public static partial class Structures
{
    /// <summary>
    /// A random tensorised sum-product network (Peharz et al., "Random Sum-Product Networks: A Simple and Effective Approach to Probabilistic Deep
    /// Learning", 2020), with products node by node: random splits of the variables, of these again, and so on, mixed over several repetitions.
    /// </summary>
    /// <remarks>
    /// Every region but the whole is a <paramref name="latents"/> × <paramref name="latents"/> sum. Inputs are shared by the repetitions. With V
    /// variables, H latents and 2 pieces there are, of each repetition of depth D, (2ᴰ⁺¹ − 2)·H² sum edges below the root, and
    /// (V + 2ᴰ⁺¹ − 2)·H product edges, if no region runs out of variables.
    /// </remarks>
    /// <param name="distributions">Each variable's distribution; any but an indicator.</param>
    /// <param name="latents">Nodes a region.</param>
    /// <param name="seed">Draws the splits and the parameters.</param>
    /// <param name="options">Depth, repetitions, pieces and roots; null for the defaults.</param>
    /// <exception cref="ArgumentException">A value or an option breaks a rule.</exception>
    public static unsafe Circuit RatSpn(IReadOnlyList<Distribution> distributions, int latents, ulong seed = 0, RatSpnOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(distributions);
        ArgumentOutOfRangeException.ThrowIfLessThan(latents, 1);
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Roots, 1);
        NativeDistribution[] native = Native(distributions);
        fixed (NativeDistribution* distribution = native)
        {
            NativeRatSpnOptions given = new()
            {
                Size = sizeof(NativeRatSpnOptions),
                Variables = native.Length,
                Distributions = distribution,
                Latents = latents,
                Roots = options.Roots,
                Seed = seed,
                Depth = options.Depth,
                Repetitions = options.Repetitions,
                Pieces = options.Pieces,
            };
            Status.Check(NativeMethods.juice_circuit_rat_spn(in given, out CircuitHandle handle));
            return new Circuit(handle);
        }
    }
}
