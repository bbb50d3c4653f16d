using System.CommandLine;
using System.Globalization;
using Juice.Cli.Options;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice loglik</c>: one line a row.</summary>
internal static class LogLikelihoodCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> model = Arguments.Model();
        Argument<string> data = new("ROWS") { Description = $"The rows: {DataOptions.Kinds}. An empty field of a CSV file is missing." };
        DataOptions dataOptions = new();
        ModelOptions modelOptions = new();
        ToolCommand command = new("loglik", "Print the natural-log likelihood of each row, comma-separated where the model has several roots.")
        {
            Examples =
            [
                "juice loglik m.juice rows.csv",
                "juice loglik m.juice rows.npz --array test",
                "zcat rows.csv.gz | juice loglik m.juice - --header",
            ],
        };
        command.Add(model);
        command.Add(data);
        dataOptions.AddTo(command);
        modelOptions.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(model);
            using Circuit circuit = Circuit.Load(path);
            NamedRows rows = await dataOptions.LoadAsync(parsed, terminal, parsed.GetRequiredValue(data), usualPart: "test", DataSchema.Of(circuit), cancellation);
            rows.CheckFits(circuit, path);
            using CompiledCircuit compiled = modelOptions.Compile(circuit, parsed);
            Write(terminal.Out, rows.LogLikelihood(compiled, cancellation), compiled.Roots);
            return Tool.Success;
        });
        return command;
    }

    private static void Write(TextWriter output, ReadOnlySpan<double> values, int roots)
    {
        Span<char> text = stackalloc char[32];
        for (int i = 0; i < values.Length; i++)
        {
            if (double.IsNegativeInfinity(values[i]))
            {
                output.Write("-inf");
            }
            else
            {
                values[i].TryFormat(text, out int length, "R", CultureInfo.InvariantCulture);
                output.Write(text[..length]);
            }
            output.Write((i + 1) % roots == 0 ? '\n' : ',');
        }
    }
}
