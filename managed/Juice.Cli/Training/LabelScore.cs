using Juice.Cli.Output;
using Juice.Data;

namespace Juice.Cli.Training;

/// <summary>How well a model tells the label of rows from the rest of them.</summary>
/// <param name="Rows">Rows with a label, and not impossible whatever it is.</param>
/// <param name="Accuracy">The fraction whose likeliest class is their label; of classes that tie, the lowest counts.</param>
/// <param name="LogLoss">The mean of −log P(label | rest), in nats.</param>
internal sealed record LabelScore(long Rows, double Accuracy, double LogLoss)
{
    private const int RowsAtATime = 4096;

    public static LabelScore Of(CompiledCircuit model, Rows rows, int label, CancellationToken cancellation)
    {
        long counted = 0, right = 0;
        double loss = 0;
        double[] entries = new double[RowsAtATime * rows.Variables];
        for (long start = 0; start < rows.Count; start += RowsAtATime)
        {
            int count = (int)Math.Min(RowsAtATime, rows.Count - start);
            long[] numbers = new long[count];
            for (int i = 0; i < count; i++) numbers[i] = start + i;
            Rows part = rows.Select(numbers);
            double[,] posterior = model.Conditional(part, label, cancellation);
            part.CopyTo(0, entries.AsSpan(0, count * rows.Variables));
            for (int row = 0; row < count; row++)
            {
                double value = entries[row * rows.Variables + label];
                if (double.IsNaN(value) || double.IsNaN(posterior[row, 0])) continue;
                int likeliest = 0;
                for (int c = 1; c < posterior.GetLength(1); c++) likeliest = posterior[row, c] > posterior[row, likeliest] ? c : likeliest;
                counted++;
                right += likeliest == (int)value ? 1 : 0;
                loss -= Math.Log(posterior[row, (int)value]);
            }
        }
        return new(counted, (double)right / counted, loss / counted);
    }

    /// <summary>Finds out before the work that a column cannot be a model's label.</summary>
    public static void Check(int? label, Circuit circuit, string model)
    {
        if (label is not int column) return;
        if (column >= circuit.Variables) throw new UsageException($"--label {column}: {model} has columns 0 … {circuit.Variables - 1}.");
        if (circuit.Roots != 1) throw new UsageException($"--label {column}: {model} has {circuit.Roots} roots; a classifier has one.");
        NodeVector input = circuit.Vectors.First(vector => vector.Variable == column);
        if (input.Distribution!.Domain is null) throw new UsageException($"--label {column}: in {model} the column is continuous, and no class.");
    }

    public void AddTo(Facts facts, string of)
    {
        facts.Add($"{of} accuracy", FormattableString.Invariant($"{100 * Accuracy:0.00} % of {Units.Count(Rows, "row")}"));
        facts.Add($"{of} log-loss", FormattableString.Invariant($"{LogLoss:0.0000} nats"));
    }
}
