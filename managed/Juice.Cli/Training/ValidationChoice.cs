using System.CommandLine;
using System.Globalization;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Data;

namespace Juice.Cli.Training;

/// <summary>Which rows a training is judged by: a held-out part of its own, a file, or none.</summary>
internal sealed class ValidationChoice
{
    // By default a twelfth, but no more than the score needs to be steady and cheap.
    private const int UsualShare = 12;
    private const long MostUsually = 5000;
    private const long FewestToShare = 120;

    private readonly Option<string> _validation = new("--validation")
    {
        Description = "Rows to score after every epoch: how many of the training rows to hold out (a number of at least 2, or a fraction), a file, or none. "
            + $"The same number and seed hold out the same rows. Default: for a new model 1/{UsualShare} of the rows, at most {MostUsually}; for one that goes on, none.",
        HelpName = "ROWS|FRACTION|FILE|none",
    };

    public void AddTo(Command command) => command.Add(_validation);

    public (Rows Train, Rows? Validation) Choose(
        ParseResult parsed, DataOptions data, NamedRows named, bool isNewModel, ulong seed, CancellationToken cancellation)
    {
        Rows rows = named.Rows;
        string? text = parsed.GetValue(_validation);
        if (text == "none" || (text is null && (!isNewModel || rows.Count < FewestToShare))) return (rows, null);
        if (text is null) return HoldOut(rows, Math.Min(rows.Count / UsualShare, MostUsually), seed);
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double fraction))
        {
            if (fraction >= 2 && fraction == Math.Floor(fraction))
            {
                if (fraction >= rows.Count) throw new InvalidDataException($"of {Units.Count(rows.Count, "row")} {text} cannot be held out for validation");
                return HoldOut(rows, (long)fraction, seed);
            }
            if (fraction is not (> 0 and < 1))
                throw new UsageException($"--validation takes a fraction between 0 and 1, a number of rows from 2, a file or none, not {text}.");
            return HoldOut(rows, Math.Clamp((long)Math.Round(fraction * rows.Count), 1, Math.Max(rows.Count - 1, 1)), seed);
        }
        Rows file = data.LoadFile(parsed, text, named.Schema, cancellation);
        if (file.Variables != rows.Variables)
            throw new InvalidDataException(
                $"{text} has {Units.Count(file.Variables, "variable")}, the rows to train on have {Units.Count(rows.Variables)}");
        return (rows, file);
    }

    private static (Rows, Rows?) HoldOut(Rows rows, long count, ulong seed)
    {
        if (rows.Count < 2) throw new InvalidDataException($"of {Units.Count(rows.Count, "row")} none can be held out for validation");
        return rows.HoldOut(count, seed);
    }
}
