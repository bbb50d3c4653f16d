using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Cli.Training;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice evaluate</c>: how well a model fits rows.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> model = Arguments.Model();
        Option<string> data = Arguments.RequiredData($"The rows: {DataOptions.Kinds}. Of a data set the test part, unless --split says otherwise.");
        Option<bool> json = Arguments.Json();
        Option<string> label = LabelOption.Create("A column, by its number (from 0) or name, is a class: print how well the model tells it from the others.");
        Option<double?> published = Published.Create();
        DataOptions dataOptions = new();
        ModelOptions modelOptions = new();
        ToolCommand command = new("evaluate", "Print the mean log-likelihood of rows, and bits per dimension.")
        {
            Examples = ["juice evaluate m.juice --data fashion-mnist", "juice evaluate m.juice --data rows.csv --json", "juice evaluate classifier.juice --data rows.csv --label 4"],
        };
        command.Add(model);
        command.Add(data);
        command.Add(label);
        command.Add(published);
        dataOptions.AddTo(command);
        modelOptions.AddTo(command);
        command.Add(json);
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(model);
            using Circuit circuit = Circuit.Load(path);
            NamedRows rows = await dataOptions.LoadAsync(parsed, terminal, parsed.GetRequiredValue(data), usualPart: "test", DataSchema.Of(circuit), cancellation);
            rows.CheckFits(circuit, path);
            int? column = LabelOption.Of(parsed, label, rows.Schema);
            LabelScore.Check(column, circuit, path);
            using CompiledCircuit compiled = modelOptions.Compile(circuit, parsed);
            long start = Stopwatch.GetTimestamp();
            double[] values = rows.LogLikelihood(compiled, cancellation);
            Score[] scores = [.. Enumerable.Range(0, compiled.Roots).Select(root => Score.Of(values, root, compiled))];
            LabelScore? told = column is int number ? rows.Use(all => LabelScore.Of(compiled, all, number, cancellation)) : null;
            long? tokens = rows.Schema is TextSchema ? Present(rows.Rows, cancellation) : null;
            Evaluation evaluation = new(path, rows, scores, told, tokens, parsed.GetValue(published), Stopwatch.GetElapsedTime(start));
            if (parsed.GetValue(json)) evaluation.WriteJson(terminal.Out);
            else evaluation.Write(terminal.Out);
            return Tool.Success;
        });
        return command;
    }

    private static long Present(Rows rows, CancellationToken cancellation) => rows.Count * rows.Variables - RowSummary.Of(rows, cancellation).All.Missing;

    /// <summary>How one root fits.</summary>
    /// <param name="LogLikelihood">The mean over all rows, in nats.</param>
    /// <param name="BitsPerDimension">The same in bits a variable, with the other sign.</param>
    /// <param name="ImpossibleRows">Rows of likelihood 0.</param>
    /// <param name="PossibleLogLikelihood">The mean over the others.</param>
    private sealed record Score(double LogLikelihood, double BitsPerDimension, long ImpossibleRows, double PossibleLogLikelihood)
    {
        public static Score Of(ReadOnlySpan<double> values, int root, CompiledCircuit model)
        {
            double sum = 0;
            long possible = 0, rows = values.Length / model.Roots;
            for (int i = root; i < values.Length; i += model.Roots)
            {
                if (double.IsNegativeInfinity(values[i])) continue;
                sum += values[i];
                possible++;
            }
            double mean = possible < rows ? double.NegativeInfinity : sum / rows;
            return new(mean, -mean / (model.Variables * Math.Log(2)), rows - possible, sum / possible);
        }
    }

    private sealed record Evaluation(string Model, NamedRows Rows, Score[] Scores, LabelScore? Told, long? Tokens, double? Published, TimeSpan Time)
    {
        // Of a token, its sequence's end among them.
        private double Perplexity(Score score) => Math.Exp(-score.LogLikelihood * Rows.Rows.Count / Tokens!.Value);

        public void Write(TextWriter output)
        {
            Facts facts = new();
            facts.Add("log-likelihood", Each(score => Number(score.LogLikelihood, "0.000000")) + " nats a row");
            facts.Add("bpd", Each(score => Number(score.BitsPerDimension, "0.0000")));
            if (Published is double others) facts.Add("published", Each(score => Options.Published.Compare(score.BitsPerDimension, others)));
            if (Tokens is long tokens) facts.Add("perplexity", $"{Each(score => Number(Perplexity(score), "0.000"))} a token of {Units.Count(tokens)}");
            facts.Add("rows", Rows.Rows.Count);
            facts.Add("impossible", Each(score => Units.Count(score.ImpossibleRows)));
            if (Scores.Any(score => score.ImpossibleRows > 0))
                facts.Add("others", Each(score => Number(score.PossibleLogLikelihood, "0.000000")) + " nats a row, impossible ones left out");
            Told?.AddTo(facts, "label");
            facts.Add("time", $"{Units.Time(Time)} ({Units.Count((long)(Rows.Rows.Count / Math.Max(Time.TotalSeconds, 1e-9)))} rows/s)");
            facts.Write(output);
        }

        public void WriteJson(TextWriter output) => output.WriteLine(JsonText.Of(json =>
        {
            json.WriteStartObject();
            json.WriteString("model", Model);
            json.WriteString("data", Rows.ToString());
            json.WriteNumber("rows", Rows.Rows.Count);
            json.WriteNumber("variables", Rows.Rows.Variables);
            if (Tokens is long tokens) json.WriteNumber("tokens", tokens);
            json.WriteNumber("seconds", Time.TotalSeconds);
            if (Published is double others) json.WriteNumber("published_bpd", others);
            if (Told is not null)
            {
                json.WriteNumber("labelled_rows", Told.Rows);
                json.Finite("accuracy", Told.Accuracy);
                json.Finite("log_loss", Told.LogLoss);
            }
            if (Scores.Length == 1)
            {
                WriteScore(json, Scores[0]);
            }
            else
            {
                json.WriteStartArray("roots");
                foreach (Score score in Scores)
                {
                    json.WriteStartObject();
                    WriteScore(json, score);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }));

        private void WriteScore(System.Text.Json.Utf8JsonWriter json, Score score)
        {
            json.Finite("log_likelihood", score.LogLikelihood);
            json.Finite("bpd", score.BitsPerDimension);
            if (Tokens is not null) json.Finite("perplexity", Perplexity(score));
            json.WriteNumber("impossible_rows", score.ImpossibleRows);
            json.Finite("log_likelihood_of_possible_rows", score.PossibleLogLikelihood);
        }

        private string Each(Func<Score, string> text) => string.Join(", ", Scores.Select(text));

        private static string Number(double value, string format) => value switch
        {
            double.NegativeInfinity => "-inf",
            double.PositiveInfinity => "inf",
            _ => value.ToString(format, CultureInfo.InvariantCulture),
        };
    }
}
