using System.CommandLine;
using Juice.Data;

namespace Juice.Cli.Options;

/// <summary><c>--label</c>: the column of the classes, by its number or, where columns have names, its name.</summary>
internal static class LabelOption
{
    public static Option<string> Create(string description) => new("--label") { Description = description, HelpName = "N|NAME" };

    /// <summary>The column's number; null where the command line names none.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="option">The option.</param>
    /// <param name="schema">The columns' names; null where they have none.</param>
    public static int? Of(ParseResult parsed, Option<string> option, DataSchema? schema)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        if (schema is TableSchema table)
        {
            string names = string.Join(", ", table.Columns.Take(20).Select(column => column.Name));
            return table.Find(text) ?? throw new UsageException($"--label: there is no column '{text}'; there are {names}{(table.Variables > 20 ? ", …" : "")}.");
        }
        return int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new UsageException($"--label takes the number of a column, from 0 on, not '{text}'; names go with --table.");
    }
}
