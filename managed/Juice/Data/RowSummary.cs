namespace Juice.Data;

/// <summary>What one variable holds over all rows.</summary>
/// <param name="Minimum">The smallest value that is there; NaN where none is.</param>
/// <param name="Maximum">The largest value that is there; NaN where none is.</param>
/// <param name="Missing">The number of missing entries.</param>
/// <param name="Integral">Whether every value that is there is a whole number.</param>
public readonly record struct VariableSummary(double Minimum, double Maximum, long Missing, bool Integral);

/// <summary>What rows hold: a range and the missing entries of each variable, and of all together. Immutable.</summary>
public sealed class RowSummary
{
    private RowSummary(long rows, RowElement elementType, VariableSummary[] variables)
    {
        Rows = rows;
        ElementType = elementType;
        Variables = variables;
        All = new(double.NaN, double.NaN, 0, true);
        foreach (VariableSummary variable in variables)
        {
            All = new(
                double.MinNumber(All.Minimum, variable.Minimum), double.MaxNumber(All.Maximum, variable.Maximum), All.Missing + variable.Missing,
                All.Integral && variable.Integral);
        }
    }

    /// <summary>The number of rows.</summary>
    public long Rows { get; }

    /// <summary>What one entry is in memory.</summary>
    public RowElement ElementType { get; }

    /// <summary>Each variable by itself.</summary>
    public IReadOnlyList<VariableSummary> Variables { get; }

    /// <summary>All variables together.</summary>
    public VariableSummary All { get; }

    /// <summary>Looks at every entry once.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="cancellationToken">Stops the looking.</param>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static RowSummary Of(Rows rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        VariableSummary[] variables = new VariableSummary[rows.Variables];
        variables.AsSpan().Fill(new(double.NaN, double.NaN, 0, true));
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellationToken))
        {
            ReadOnlySpan<double> entries = chunks.Entries;
            for (int i = 0; i < entries.Length; i += variables.Length) Add(variables, entries.Slice(i, variables.Length));
        }
        return new(rows.Count, rows.ElementType, variables);
    }

    private static void Add(VariableSummary[] variables, ReadOnlySpan<double> row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            ref VariableSummary variable = ref variables[i];
            double value = row[i];
            if (double.IsNaN(value))
            {
                variable = variable with { Missing = variable.Missing + 1 };
                continue;
            }
            // NaN stands for "no value yet", and no comparison with it holds.
            if (!(value >= variable.Minimum)) variable = variable with { Minimum = value };
            if (!(value <= variable.Maximum)) variable = variable with { Maximum = value };
            if (variable.Integral && !double.IsInteger(value)) variable = variable with { Integral = false };
        }
    }
}
