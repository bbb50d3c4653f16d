namespace Juice;

public static partial class Transformations
{
    /// <summary>
    /// The same distribution with fewer, wider vectors: inputs over one variable become one vector, and so do products of the same children and sums over the
    /// same variables, whose edges stay what they were. What computes stage by stage then has fewer and larger pieces of work.
    /// </summary>
    /// <remarks>The root, indicators, vectors that share parameters and what stands right below such sums stay as they are.</remarks>
    /// <param name="circuit">The circuit.</param>
    public static Circuit Merge(Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        CircuitDraft draft = CircuitDraft.Of(circuit);
        Merging.Apply(draft);
        return draft.Build(circuit.Metadata);
    }
}
