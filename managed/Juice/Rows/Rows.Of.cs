using System.Runtime.InteropServices;

namespace Juice;

public sealed partial class Rows
{
    /// <summary>Rows over memory, without a copy.</summary>
    /// <typeparam name="T">byte, ushort, int, float or double.</typeparam>
    /// <param name="values">The entries, <c>[rows, variables]</c>, row-major and dense.</param>
    /// <param name="variables">Entries a row.</param>
    /// <exception cref="ArgumentException">
    /// The number of values is not a multiple of <paramref name="variables"/>, or <typeparamref name="T"/> is another type.
    /// </exception>
    public static Rows Of<T>(ReadOnlyMemory<T> values, int variables) where T : unmanaged
    {
        RowElement element = RowElements.Of<T>();
        ArgumentOutOfRangeException.ThrowIfLessThan(variables, 1);
        if (values.Length % variables != 0)
            throw new ArgumentException($"{values.Length} values do not make whole rows of {variables} variables.", nameof(values));
        return new(new MemoryStorage<T>(values), source: null, values.Length / variables, variables, element);
    }

    /// <inheritdoc cref="Of{T}(ReadOnlyMemory{T}, int)"/>
    public static Rows Of<T>(T[] values, int variables) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        return Of((ReadOnlyMemory<T>)values, variables);
    }

    /// <summary>Rows over a copy of a rectangular array.</summary>
    /// <typeparam name="T">byte, ushort, int, float or double.</typeparam>
    /// <param name="values">The entries, <c>[rows, variables]</c>.</param>
    /// <exception cref="ArgumentException">There is no variable, or <typeparamref name="T"/> is another type.</exception>
    public static Rows Of<T>(T[,] values) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.GetLength(1) == 0) throw new ArgumentException("Rows need at least one variable; the array's second length is 0.", nameof(values));
        T[] copy = values.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref values[0, 0], values.Length).ToArray();
        return Of(copy, values.GetLength(1));
    }

    /// <summary>Rows over a copy of an array of rows.</summary>
    /// <typeparam name="T">byte, ushort, int, float or double.</typeparam>
    /// <param name="rows">The rows, all of one length; at least one.</param>
    /// <exception cref="ArgumentException">There is no row, or two rows differ in length, or <typeparamref name="T"/> is another type.</exception>
    public static Rows Of<T>(params T[][] rows) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Length == 0) throw new ArgumentException("An array of rows needs at least one row, to know the number of variables.", nameof(rows));
        int variables = rows[0]?.Length ?? throw new ArgumentException("Row 0 is null.", nameof(rows));
        T[] copy = new T[checked(rows.Length * variables)];
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i]?.Length != variables)
                throw new ArgumentException($"Row {i} has {rows[i]?.Length ?? 0} entries, row 0 has {variables}.", nameof(rows));
            rows[i].CopyTo(copy, i * variables);
        }
        return Of(copy, variables);
    }

    /// <summary>Rows that a source fetches when they are needed.</summary>
    /// <exception cref="ArgumentException">The source's count, variables or element type make no sense.</exception>
    public static Rows FromSource(IRowSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Count < 0) throw new ArgumentException($"The source counts {source.Count} rows.", nameof(source));
        if (source.Variables < 1) throw new ArgumentException($"The source has {source.Variables} variables; at least 1 is needed.", nameof(source));
        if (!Enum.IsDefined(source.ElementType)) throw new ArgumentException($"{source.ElementType} is not an element type.", nameof(source));
        return new(storage: null, source, source.Count, source.Variables, source.ElementType);
    }

    /// <summary>Rows at a fixed address that stays readable as long as <paramref name="owner"/> lives: a mapped file.</summary>
    internal static Rows FromPointer(nint address, long count, int variables, RowElement elementType, object owner) =>
        new(new PointerStorage(address, elementType.Size(), owner), source: null, count, variables, elementType);
}
