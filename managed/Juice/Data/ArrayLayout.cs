namespace Juice.Data;

/// <summary>What the header of an array file says of the numbers behind it: row-major, rows along the first axis.</summary>
internal readonly record struct ArrayLayout(Scalar Scalar, bool BigEndian, long Rows, int Variables)
{
    public long Bytes => Rows * Variables * Scalar.Size();

    /// <summary>Rows are the first axis, variables all others together; an array of one axis has one variable.</summary>
    public static ArrayLayout Of(Scalar scalar, bool bigEndian, ReadOnlySpan<long> shape)
    {
        if (shape.Length == 0) throw new InvalidDataException("the array is a single number; rows need at least one axis");
        long rows = shape[0];
        UInt128 variables = 1;
        foreach (long extent in shape[1..])
        {
            variables *= (ulong)extent;
            if (variables > int.MaxValue) throw new InvalidDataException($"the shape {Text(shape)} makes more than {int.MaxValue} variables");
        }
        if (variables == 0) throw new InvalidDataException($"the shape {Text(shape)} leaves no variable");
        if ((UInt128)(ulong)rows * variables * (ulong)scalar.Size() > long.MaxValue)
            throw new InvalidDataException($"the shape {Text(shape)} is too large");
        return new(scalar, bigEndian, rows, (int)variables);
    }

    private static string Text(ReadOnlySpan<long> shape) => $"({string.Join(", ", shape.ToArray())})";
}
