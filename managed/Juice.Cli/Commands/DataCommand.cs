using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice data</c>: what rows hold.</summary>
internal static class DataCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> data = new("DATA") { Description = $"The rows: {DataOptions.Kinds}." };
        Option<bool> columns = new("--columns") { Description = "Print the range of every column, too." };
        Option<string> export = new("--export") { Description = "Write the rows to a file: .npy or .csv.", HelpName = "FILE" };
        Option<bool> json = Arguments.Json();
        DataOptions options = new();
        SchemaOptions schema = new();
        ToolCommand command = new("data", "Print what a data set or a file of rows holds: rows, variables, type, range, missing entries.")
        {
            Examples =
            [
                "juice data fashion-mnist",
                "juice data rows.csv --header --columns",
                "juice data people.csv --table",
                "juice data fashion-mnist --split test --rows 100 --export test.npy",
            ],
        };
        command.Add(data);
        options.AddTo(command);
        schema.AddTo(command);
        command.Add(columns);
        command.Add(export);
        command.Add(json);
        command.SetAction(async (parsed, cancellation) =>
        {
            string? target = parsed.GetValue(export);
            if (target is not null) OutputFile.Check(target, ".npy", ".csv");
            string name = parsed.GetRequiredValue(data);
            DataSchema? known = schema.Discover(parsed, name, cancellation);
            IReadOnlyList<NamedRows> parts = await options.LoadPartsAsync(parsed, terminal, name, known, cancellation);
            if (target is not null && parts.Count > 1)
                throw new UsageException($"{parts[0].Name} has the parts train and test; say with --split which one to export.");

            Action<TextWriter, IReadOnlyList<Described>, bool> write = parsed.GetValue(json) ? WriteJson : Write;
            write(terminal.Out, [.. parts.Select(part => new Described(part, RowSummary.Of(part.Rows, cancellation)))], parsed.GetValue(columns));
            if (target is null) return Tool.Success;
            if (known is not null && target.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) RowFiles.Save(target, parts[0].Rows, known, cancellation);
            else RowFiles.Save(target, parts[0].Rows, cancellation);
            return Tool.Success;
        });
        return command;
    }

    private sealed record Described(NamedRows Part, RowSummary Summary);

    private static void Write(TextWriter output, IReadOnlyList<Described> parts, bool columns)
    {
        foreach ((NamedRows part, RowSummary summary) in parts)
        {
            Facts facts = new();
            facts.Heading(part.ToString());
            facts.Add("rows", summary.Rows);
            facts.Add("variables", summary.Variables.Count);
            facts.Add("type", Type(summary.ElementType) + (part.Rows.Categories is int categories ? $", {categories} categories" : ""));
            facts.Add("range", Range(summary.All));
            facts.Add("stored", Stored(part.Rows));
            long entries = summary.Rows * summary.Variables.Count;
            facts.Add("missing", summary.All.Missing == 0 ? "none" : $"{Units.Count(summary.All.Missing)} of {Units.Count(entries)} entries");
            facts.Write(output);
            if (!columns) continue;
            Facts each = new();
            each.Heading("columns");
            for (int i = 0; i < summary.Variables.Count; i++)
            {
                VariableSummary variable = summary.Variables[i];
                string missing = variable.Missing == 0 ? "" : $", {Units.Count(variable.Missing)} missing";
                each.Add(part.Schema?.NameOf(i) ?? i.ToString(CultureInfo.InvariantCulture), Kind(part, i) ?? Range(variable) + missing);
            }
            each.Write(output);
        }
    }

    private static void WriteJson(TextWriter output, IReadOnlyList<Described> parts, bool columns) => output.WriteLine(JsonText.Of(json =>
    {
        json.WriteStartArray();
        foreach ((NamedRows part, RowSummary summary) in parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Name);
            if (part.Part is not null) json.WriteString("part", part.Part);
            json.WriteNumber("rows", summary.Rows);
            json.WriteNumber("variables", summary.Variables.Count);
            json.WriteString("type", Type(summary.ElementType));
            if (part.Rows.Categories is int categories) json.WriteNumber("categories", categories);
            json.WriteNumber("bytes", Bytes(part.Rows));
            json.WriteBoolean("mapped", part.Rows.IsMapped);
            WriteRange(json, summary.All);
            if (columns)
            {
                json.WriteStartArray("columns");
                for (int i = 0; i < summary.Variables.Count; i++)
                {
                    json.WriteStartObject();
                    if (part.Schema is { } schema) json.WriteString("name", schema.NameOf(i));
                    if (Kind(part, i) is { } kind) json.WriteString("holds", kind);
                    WriteRange(json, summary.Variables[i]);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }));

    private static void WriteRange(Utf8JsonWriter json, VariableSummary summary)
    {
        json.Finite("minimum", summary.Minimum);
        json.Finite("maximum", summary.Maximum);
        json.WriteBoolean("integral", summary.Integral);
        json.WriteNumber("missing", summary.Missing);
    }

    private static string Range(VariableSummary summary) => double.IsNaN(summary.Minimum)
        ? "nothing but missing entries"
        : string.Create(CultureInfo.InvariantCulture, $"{summary.Minimum} … {summary.Maximum}{(summary.Integral ? "" : ", with fractions")}");

    // What a column of a table is, in words.
    private static string? Kind(NamedRows part, int variable) => (part.Schema as TableSchema)?.Columns[variable] switch
    {
        CategoryColumn { Categories: var names } => $"category: {string.Join(", ", names.Take(8))}{(names.Count > 8 ? $" and {names.Count - 8} more" : "")}",
        NumberColumn column => string.Create(CultureInfo.InvariantCulture, $"number: mean {column.Mean:G6}, deviation {column.Deviation:G6}"),
        BinnedColumn column => string.Create(CultureInfo.InvariantCulture, $"bins: {column.Typical.Count}, {column.Typical[0]} … {column.Typical[^1]}"),
        _ => null,
    };

    private static long Bytes(Rows rows) => rows.Count * rows.Variables * rows.ElementType.Size();

    private static string Stored(Rows rows) => rows.IsMapped
        ? $"{Units.Bytes(Bytes(rows))}, mapped: read from the file when they are needed"
        : $"{Units.Bytes(Bytes(rows))}, read into memory";

    private static string Type(RowElement element) => element switch
    {
        RowElement.Byte => "byte",
        RowElement.UShort => "ushort",
        RowElement.Int32 => "int",
        RowElement.Single => "float",
        _ => "double",
    };
}
