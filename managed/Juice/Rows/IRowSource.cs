namespace Juice;

/// <summary>
/// Rows that are fetched by number when they are needed: data beyond memory. Wrap one with <see cref="Rows.FromSource"/>.
/// </summary>
/// <remarks>
/// <see cref="Fetch"/> is called from the thread that makes the call which needs the rows, so a source that is used by one call at a time
/// need not be thread-safe. An exception out of <see cref="Fetch"/> ends that call and comes out of it.
/// </remarks>
public interface IRowSource
{
    /// <summary>Number of rows.</summary>
    long Count { get; }

    /// <summary>Entries a row.</summary>
    int Variables { get; }

    /// <summary>What one entry is in memory.</summary>
    RowElement ElementType { get; }

    /// <summary>Copies rows out.</summary>
    /// <param name="indices">The numbers of the rows, each in 0 … <see cref="Count"/>−1, in any order.</param>
    /// <param name="destination">
    /// Gets the entries, <c>[indices.Length, Variables]</c>, row-major and dense, of <see cref="ElementType"/> in the machine's byte order.
    /// </param>
    /// <param name="missing">
    /// Gets a 1 for each missing entry, <c>[indices.Length, Variables]</c>. It comes zeroed, and empty where nobody asks for it.
    /// </param>
    void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing);
}
