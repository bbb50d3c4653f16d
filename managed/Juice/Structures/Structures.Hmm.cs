using Juice.Interop;

namespace Juice;

public static partial class Structures
{
    /// <summary>A hidden Markov model in which every time has the same distribution of symbols.</summary>
    /// <inheritdoc cref="Hmm(IReadOnlyList{Distribution}, int, ulong, HmmOptions?)"/>
    /// <param name="length">Length of the sequences: the number of variables.</param>
    /// <param name="emission">The distribution of a symbol; any but an indicator.</param>
    /// <param name="latents">Hidden states.</param>
    /// <param name="seed">Draws the parameters.</param>
    /// <param name="options">Whether the times share parameters, and roots; null for the defaults.</param>
    public static Circuit Hmm(int length, Distribution emission, int latents, ulong seed = 0, HmmOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentNullException.ThrowIfNull(emission);
        return Hmm([.. Enumerable.Repeat(emission, length)], latents, seed, options);
    }

    /// <summary>
    /// A hidden Markov model (Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", 1989): variable t is
    /// the symbol at time t.
    /// </summary>
    /// <remarks>
    /// Shorter sequences are rows whose last entries are missing: each has the likelihood that the model of its own length gives it, in training,
    /// too. With T times and H states there are (T − 1)·H² + H sum edges and (2T − 1)·H product edges, ties counted each time.
    /// </remarks>
    /// <param name="emissions">The distribution of each time's symbol; any but an indicator, and all alike in a homogeneous model.</param>
    /// <param name="latents">Hidden states.</param>
    /// <param name="seed">Draws the parameters.</param>
    /// <param name="options">Whether the times share parameters, and roots; null for the defaults.</param>
    /// <exception cref="ArgumentException">A value or an option breaks a rule.</exception>
    public static unsafe Circuit Hmm(IReadOnlyList<Distribution> emissions, int latents, ulong seed = 0, HmmOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(emissions);
        ArgumentOutOfRangeException.ThrowIfLessThan(latents, 1);
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Roots, 1);
        NativeDistribution[] native = Native(emissions);
        fixed (NativeDistribution* distribution = native)
        {
            NativeHmmOptions given = new()
            {
                Size = sizeof(NativeHmmOptions),
                Variables = native.Length,
                Distributions = distribution,
                Latents = latents,
                Roots = options.Roots,
                Seed = seed,
                Homogeneous = options.Homogeneous ? 1 : 0,
            };
            Status.Check(NativeMethods.juice_circuit_hmm(in given, out CircuitHandle handle));
            return new Circuit(handle);
        }
    }
}
