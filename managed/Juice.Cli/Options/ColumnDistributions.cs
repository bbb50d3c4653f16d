using System.Globalization;
using Juice.Data;

namespace Juice.Cli.Options;

/// <summary>Each column's distribution in a new structure, by what is in it.</summary>
internal static class ColumnDistributions
{
    /// <summary>More than these are rarely names of things: such a column becomes a Gaussian.</summary>
    public const int MostCategories = 4096;

    /// <param name="rows">All parts, so that a category that only validation rows have is known, too.</param>
    /// <param name="categories">How many categories every column has, where the command line says it.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static Distribution[] Of(IReadOnlyList<Rows> rows, int? categories, CancellationToken cancellation)
    {
        if (categories is null && rows[0].Categories is int known) return [.. Enumerable.Repeat(new Categorical(known), rows[0].Variables)];
        RowSummary[] parts = [.. rows.Select(part => RowSummary.Of(part, cancellation))];
        return [.. Enumerable.Range(0, rows[0].Variables).Select(v => Of(v, [.. parts.Select(part => part.Variables[v])], categories))];
    }

    /// <summary>One for all columns: Gaussian where one of them is, else with the categories of the column that has most.</summary>
    public static Distribution[] Alike(Distribution[] distributions)
    {
        Distribution all = distributions.FirstOrDefault(distribution => distribution is Gaussian) ?? distributions.MaxBy(distribution => distribution.Domain)!;
        return [.. Enumerable.Repeat(all, distributions.Length)];
    }

    private static Distribution Of(int variable, VariableSummary[] parts, int? categories)
    {
        double smallest = parts.Min(part => double.IsNaN(part.Minimum) ? 0 : part.Minimum);
        double largest = parts.Max(part => double.IsNaN(part.Maximum) ? 0 : part.Maximum);
        bool whole = smallest >= 0 && parts.All(part => part.Integral);
        if (categories is int given)
        {
            if (whole && largest < given) return new Categorical(given);
            string values = whole ? Text(largest) : smallest < 0 ? Text(smallest) : "fractions";
            throw new InvalidDataException($"column {variable} holds {values}; with --categories {given} it may hold 0 … {given - 1}");
        }
        return whole && largest < MostCategories ? new Categorical(Math.Max(2, (int)largest + 1)) : new Gaussian();
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
