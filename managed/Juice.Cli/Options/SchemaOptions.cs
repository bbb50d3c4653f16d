using System.CommandLine;
using Juice.Data;

namespace Juice.Cli.Options;

/// <summary>What a text file holds, as the command line says it: a table with named columns, or a text. A trained model knows it by itself.</summary>
internal sealed class SchemaOptions
{
    private static readonly TextOptions s_text = new();
    private static readonly TableOptions s_table = new();

    private readonly Option<bool> _table = new("--table")
    {
        Description = "The rows are a CSV file whose first line names the columns: find out which hold categories and which numbers. The model keeps it, and reads and "
            + "writes such files from then on, whatever the order of their columns.",
    };

    private readonly Option<Dictionary<string, string>> _kinds = new("--kinds")
    {
        Description = "With --table: what some columns hold: category, number, bins:N or ignore; * stands for all numbers. Default: whole numbers of which there are at "
            + $"most {s_table.MostWholeNumbers}, and whatever is no number, are categories.",
        HelpName = "NAME=KIND,…",
        CustomParser = result =>
        {
            Dictionary<string, string> columns = [];
            foreach (string part in result.Tokens[0].Value.Split(','))
            {
                int at = part.LastIndexOf('=');
                if (at > 0 && columns.TryAdd(part[..at], part[(at + 1)..])) continue;
                result.AddError($"--kinds takes NAME=KIND, separated by commas and each name once, not '{part}'.");
                break;
            }
            return columns;
        },
    };

    private readonly Option<string> _missing = new("--missing")
    {
        Description = $"With --table: fields that are missing, with commas between them. Default: empty ones and {string.Join(", ", s_table.Missing.Skip(1))}.",
        HelpName = "TEXT,…",
    };

    private readonly Option<TextUnit?> _text = new("--text")
    {
        Description = "The rows are a text: a line is a sequence of words or of characters, and ends with a token of its own. The model keeps the vocabulary.",
        HelpName = "words|characters",
    };

    private readonly Option<int> _length = OptionValues.Whole(
        "--length", "With --text: tokens of a row, the end included; what is longer is cut off. Default: what the longest line takes.", minimum: 1);

    private readonly Option<int> _leastCount = OptionValues.Whole(
        "--least-count", $"With --text: tokens that are rarer count as unknown. Default: {s_text.LeastCount}.", minimum: 1);

    private readonly Option<int> _mostTokens = OptionValues.Whole(
        "--most-tokens", "With --text: the size of the vocabulary, at most; the rarest count as unknown.", minimum: 3);

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _table, _kinds, _missing, _text, _length, _leastCount, _mostTokens }) command.Add(option);
    }

    /// <summary>Finds out what a file holds; null where the command line says that it holds numbers.</summary>
    /// <exception cref="UsageException">The options do not go together, or not with such data.</exception>
    public DataSchema? Discover(ParseResult parsed, string data, CancellationToken cancellation)
    {
        bool table = parsed.GetValue(_table);
        TextUnit? text = parsed.GetValue(_text);
        if (table && text is not null) throw new UsageException("--table goes without --text: a file is one or the other.");
        Refuse(parsed, table, "--table", _kinds, _missing);
        Refuse(parsed, text is not null, "--text", _length, _leastCount, _mostTokens);
        if (!table && text is null) return null;
        if (data == "-" || Directory.Exists(data) || DataSets.Names.Contains(data))
            throw new UsageException($"{(table ? "--table" : "--text")} goes with a file, which is read twice; '{data}' is none.");
        if (text is TextUnit unit)
        {
            return TextSchema.Discover(data, new TextOptions
            {
                Unit = unit,
                Length = parsed.GetValue(_length),
                LeastCount = parsed.GetResult(_leastCount) is null ? s_text.LeastCount : parsed.GetValue(_leastCount),
                MostTokens = parsed.GetValue(_mostTokens),
            }, cancellation);
        }
        return TableSchema.Discover(data, new TableOptions
        {
            Columns = parsed.GetValue(_kinds) ?? [],
            Missing = parsed.GetValue(_missing) is { } missing ? ["", .. missing.Split(',')] : s_table.Missing,
        }, cancellation);
    }

    /// <summary>Refuses what a model knows already.</summary>
    public void RejectFor(ParseResult parsed, string model)
    {
        Option? given = new Option[] { _table, _kinds, _missing, _text, _length, _leastCount, _mostTokens }
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (given is not null) throw new UsageException($"{given.Name} goes with a new structure; '{model}' knows what its variables are.");
    }

    private static void Refuse(ParseResult parsed, bool isThere, string with, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
            if (!isThere && parsed.GetResult(option) is { Implicit: false }) throw new UsageException($"{option.Name} goes with {with}.");
    }
}
