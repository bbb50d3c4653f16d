namespace Juice;

/// <summary>A circuit in numbers, as <see cref="Circuit"/> counts them.</summary>
internal readonly record struct CircuitSize(int Vectors, long Nodes, long Edges, long Parameters);
