using System.Numerics.Tensors;

namespace Juice;

/// <summary>Chooses each variable's distribution by looking at the rows.</summary>
internal static class RowDistributions
{
    private const int EntriesAtATime = 1 << 18;

    public static IReadOnlyList<Distribution> Of(Rows rows)
    {
        if (rows.Categories is int categories) return [.. Enumerable.Repeat(new Categorical(categories), rows.Variables)];
        if (rows.ElementType.IsFloatingPoint()) return [.. Enumerable.Repeat(new Gaussian(), rows.Variables)];
        return [.. LargestValues(rows).Select(Categories)];
    }

    private static Categorical Categories(double largest, int column) => largest < int.MaxValue
        ? new(Math.Max(2, (int)largest + 1))
        : throw new ArgumentException($"Column {column} has the value {largest}, too large for a category.");

    // A column whose entries are all missing has 0.
    private static double[] LargestValues(Rows rows)
    {
        double[] largest = new double[rows.Variables];
        int rowsAtATime = (int)Math.Min(Math.Max(1, EntriesAtATime / rows.Variables), rows.Count);
        double[] block = new double[rowsAtATime * rows.Variables];
        for (long start = 0; start < rows.Count; start += rowsAtATime)
        {
            Span<double> values = block.AsSpan(0, (int)Math.Min(rowsAtATime, rows.Count - start) * rows.Variables);
            rows.CopyTo(start, values);
            CheckNotNegative(values, start, rows.Variables);
            for (int i = 0; i < values.Length; i += rows.Variables) TensorPrimitives.MaxNumber(largest, values.Slice(i, rows.Variables), largest);
        }
        return largest;
    }

    private static void CheckNotNegative(ReadOnlySpan<double> values, long start, int variables)
    {
        for (int i = 0; i < values.Length; i++)
            if (values[i] < 0)
                throw new ArgumentException($"Row {start + i / variables}, column {i % variables}: {values[i]} is negative; categories are 0, 1, 2, …");
    }
}
