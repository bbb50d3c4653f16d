using System.Globalization;

namespace Juice;

public sealed partial class CompiledCircuit
{
    private const int ConditionalEntries = 1 << 20;

    /// <summary>
    /// The distribution of one variable given the rest of each row, whatever the row holds for that variable. Missing entries are summed out.
    /// </summary>
    /// <remarks>Computed from the log-likelihoods of every row completed with every value: as many queries as the variable has values.</remarks>
    /// <param name="rows">The rows.</param>
    /// <param name="variable">The variable, which is discrete. The model has one root.</param>
    /// <param name="cancellationToken">Ends the call between batches.</param>
    /// <returns><c>p[row, k]</c> = P(variable = k | rest of the row); NaN for a row whose rest is impossible.</returns>
    /// <exception cref="ArgumentException">
    /// The model has several roots, or the variable is continuous, or a value is outside of its variable's domain.
    /// </exception>
    public double[,] Conditional(Rows rows, int variable, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (Roots != 1) throw new ArgumentException($"The model has {Roots} roots; a conditional distribution needs one.", nameof(rows));
        if (rows.Variables != Variables) throw new ArgumentException($"The rows have {rows.Variables} variables; the model has {Variables}.", nameof(rows));
        if (variable < 0 || variable >= Variables)
            throw new ArgumentOutOfRangeException(nameof(variable), variable, $"There is no variable {variable}; the model has variables 0 … {Variables - 1}.");
        int values = _domains[variable].Domain
            ?? throw new ArgumentException($"Variable {variable} is continuous; a conditional distribution is for discrete ones.", nameof(variable));

        QueryTimer timer = QueryTimer.Start(QueryKind.Conditional, _device, rows.Count);
        try
        {
            double[,] result = Conditional(rows, variable, values, cancellationToken);
            timer.Stop();
            return result;
        }
        catch (Exception e) when (timer.Failed(e))
        {
            throw;
        }
    }

    private double[,] Conditional(Rows rows, int variable, int values, CancellationToken cancellationToken)
    {
        double[,] result = new double[rows.Count, values];
        int rowsAtATime = (int)Math.Min(Math.Max(1, ConditionalEntries / values / Variables), rows.Count);
        double[] block = new double[rowsAtATime * Variables], completed = new double[checked(rowsAtATime * values * Variables)];
        double[] logs = new double[rowsAtATime * values];
        for (long start = 0; start < rows.Count; start += rowsAtATime)
        {
            int count = (int)Math.Min(rowsAtATime, rows.Count - start);
            rows.CopyTo(start, block.AsSpan(0, count * Variables));
            for (int i = 0; i < count; i++)
            {
                Span<double> row = block.AsSpan(i * Variables, Variables);
                row[variable] = 0;
                CheckDomains(row, start + i);
                for (int k = 0; k < values; k++)
                {
                    row[variable] = k;
                    row.CopyTo(completed.AsSpan((i * values + k) * Variables));
                }
            }
            ReadOnlyMemory<double> used = completed.AsMemory(0, count * values * Variables);
            Evaluate(Rows.Of(used, Variables), logs, progress: null, cancellationToken);
            for (int i = 0; i < count; i++) Normalize(logs.AsSpan(i * values, values), result, start + i);
        }
        return result;
    }

    // Here rather than by the engine, which would name the number of a completed row.
    private void CheckDomains(ReadOnlySpan<double> row, long number)
    {
        for (int v = 0; v < row.Length; v++)
            if (_domains[v].Domain is int domain && !double.IsNaN(row[v]) && (row[v] < 0 || row[v] >= domain || row[v] != Math.Floor(row[v])))
                throw new ArgumentException($"Row {number}, column {v}: {row[v].ToString(CultureInfo.InvariantCulture)} is not in 0 … {domain - 1}.");
    }

    private static void Normalize(ReadOnlySpan<double> logs, double[,] result, long row)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (double log in logs) max = Math.Max(max, log);
        foreach (double log in logs) sum += Math.Exp(log - max); // −∞ − −∞ is NaN: no value is possible
        for (int k = 0; k < logs.Length; k++) result[row, k] = Math.Exp(logs[k] - max) / sum;
    }
}
