namespace Juice;

/// <summary>What is known of a hidden state before training: its value in every row.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
/// <param name="Vector">
/// The number of the node vector whose nodes are the states: in state k a row uses node k. <see cref="Distillation.StateOf"/> finds that of a variable.
/// </param>
/// <param name="Labels">A state a row, 0 … nodes − 1; −1 where nothing is known of it.</param>
public sealed record LatentLabels(int Vector, ReadOnlyMemory<int> Labels);
