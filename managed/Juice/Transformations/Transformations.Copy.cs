namespace Juice;

public static partial class Transformations
{
    /// <summary>The same circuit over other variables: a copy whose variable v is <paramref name="variables"/>[v].</summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="variables">Each variable's new number: 0 up to one less than there are, in any order.</param>
    /// <exception cref="ArgumentException">The numbers are not those of the variables, each once.</exception>
    public static Circuit Copy(Circuit circuit, IReadOnlyList<int> variables)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentNullException.ThrowIfNull(variables);
        if (variables.Count != circuit.Variables || !variables.Order().SequenceEqual(Enumerable.Range(0, circuit.Variables)))
        {
            throw new ArgumentException(
                $"The variables are {string.Join(", ", variables)}; the new numbers of {circuit.Variables} are 0 … {circuit.Variables - 1}, each once.", nameof(variables));
        }
        CircuitBuilder builder = new(circuit.Variables);
        return CircuitDraft.WithMetadata(builder.Build(builder.Add(circuit, variables)), circuit.Metadata);
    }
}
