namespace Juice;

public static partial class Transformations
{
    /// <summary>
    /// The same distribution with vectors in blocks: edges that lie beside each other are gathered into dense blocks, what is missing in them is a structural
    /// zero, and blocks without a live edge are left out. Products of matrices are made of such blocks.
    /// </summary>
    /// <param name="circuit">The circuit.</param>
    /// <param name="blockSize">
    /// Nodes a block at most, 32 by default: vectors that must agree (a product and its children, the children of a sum, those that share parameters) get the
    /// largest number up to this that divides them all.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="blockSize"/> is under 1.</exception>
    public static Circuit Blockify(Circuit circuit, int blockSize = 32)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        CircuitDraft draft = CircuitDraft.Of(circuit);
        Reblocking.Apply(draft, blockSize);
        return draft.Build(circuit.Metadata);
    }

    /// <summary>The same distribution with blocks of one node: every edge that is no structural zero stands for itself.</summary>
    /// <param name="circuit">The circuit.</param>
    public static Circuit Unblockify(Circuit circuit) => Blockify(circuit, 1);
}
