namespace Juice;

public static partial class Transformations
{
    /// <summary>
    /// The circuit with copies of its nodes: each copy of a sum reads every copy of what the node read, with weights shared out among them and changed by
    /// some noise; each copy of an input is what the input was but for noise, too (Dang, Liu &amp; Van den Broeck 2022, section 3.3). The root stays as it is.
    /// </summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="options">How many copies, how much noise; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the root shares its parameters with another vector.</exception>
    public static Circuit Grow(Circuit circuit, GrowOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        options ??= new();
        options.Check();
        if (circuit.Vectors.Any(vector => vector.TiedTo is int owner && (vector.Id == circuit.Root || owner == circuit.Root)))
            throw new ArgumentException("The root shares its parameters with another vector, which would grow while it does not.", nameof(circuit));
        CircuitDraft draft = CircuitDraft.Of(circuit);
        Growing.Apply(draft, options);
        return draft.Build(circuit.Metadata);
    }
}
