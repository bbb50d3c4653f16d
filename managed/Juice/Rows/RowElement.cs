namespace Juice;

/// <summary>The element type of rows: what one entry is in memory.</summary>
public enum RowElement
{
    /// <summary><see cref="byte"/>.</summary>
    Byte = 0,

    /// <summary><see cref="ushort"/>.</summary>
    UShort = 1,

    /// <summary><see cref="int"/>.</summary>
    Int32 = 2,

    /// <summary><see cref="float"/>; NaN is a missing entry.</summary>
    Single = 3,

    /// <summary><see cref="double"/>; NaN is a missing entry.</summary>
    Double = 4,
}

/// <summary>Facts about <see cref="RowElement"/>.</summary>
public static class RowElements
{
    /// <summary>Bytes of one entry.</summary>
    public static int Size(this RowElement element) => element switch
    {
        RowElement.Byte => 1,
        RowElement.UShort => 2,
        RowElement.Int32 or RowElement.Single => 4,
        RowElement.Double => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(element), element, "not an element type"),
    };

    /// <summary>Whether an entry is a floating-point number (and NaN a missing one).</summary>
    public static bool IsFloatingPoint(this RowElement element) => element is RowElement.Single or RowElement.Double;

    /// <summary>The element type for <typeparamref name="T"/>.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is none of byte, ushort, int, float and double.</exception>
    public static RowElement Of<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(byte)) return RowElement.Byte;
        if (typeof(T) == typeof(ushort)) return RowElement.UShort;
        if (typeof(T) == typeof(int)) return RowElement.Int32;
        if (typeof(T) == typeof(float)) return RowElement.Single;
        if (typeof(T) == typeof(double)) return RowElement.Double;
        throw new ArgumentException($"Rows hold byte, ushort, int, float or double, not {typeof(T)}.");
    }
}
