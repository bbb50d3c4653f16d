using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Juice.Cli.Options;

/// <summary>Makes options whose values are checked where they are parsed, so that a bad one is bad usage and not a failed run.</summary>
internal static class OptionValues
{
    public static Option<T> Whole<T>(string name, string description, T minimum) where T : struct, IBinaryInteger<T> =>
        Checked<T>(name, description, value => value >= minimum, $"a whole number, at least {minimum}");

    public static Option<T> Whole<T>(string name, string description, T minimum, T defaultValue) where T : struct, IBinaryInteger<T>
    {
        Option<T> option = Whole(name, description, minimum);
        option.DefaultValueFactory = _ => defaultValue;
        return option;
    }

    public static Option<double> Positive(string name, string description, double defaultValue)
    {
        Option<double> option = Checked<double>(name, description, value => value > 0 && double.IsFinite(value), "a number above 0");
        option.DefaultValueFactory = _ => defaultValue;
        return option;
    }

    public static Option<double> Real(string name, string description, double minimum) => Checked<double>(
        name, description, value => value >= minimum && double.IsFinite(value), $"a number, at least {minimum}");

    public static Option<double> Real(string name, string description, double minimum, double defaultValue)
    {
        Option<double> option = Real(name, description, minimum);
        option.DefaultValueFactory = _ => defaultValue;
        return option;
    }

    /// <summary>Whole numbers, separated by commas.</summary>
    public static Option<int[]> Wholes(string name, string description, int minimum, int[] defaultValue) => new(name)
    {
        Description = description,
        HelpName = "N,…",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            List<int> numbers = [];
            foreach (string part in text.Split(','))
            {
                if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= minimum) numbers.Add(number);
                else result.AddError($"{name} takes whole numbers, at least {minimum}, separated by commas, not '{text}'.");
                if (result.Errors.Any()) break;
            }
            return [.. numbers];
        },
    };

    /// <summary>Bytes with an optional K, M, G or T (powers of 1024).</summary>
    public static Option<long> Bytes(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "BYTES",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (TryParseBytes(text, out long bytes)) return bytes;
            result.AddError($"{name} takes a number of bytes such as 800M or 2G, not '{text}'.");
            return 0;
        },
    };

    public static bool TryParseBytes(string text, out long bytes)
    {
        bytes = 0;
        int power = text.Length == 0 ? -1 : "KMGT".IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        ReadOnlySpan<char> number = power < 0 ? text : text.AsSpan(0, text.Length - 1);
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)) return false;
        value *= Math.Pow(1024, power + 1);
        if (value is not (>= 1 and < long.MaxValue)) return false;
        bytes = (long)value;
        return true;
    }

    private static Option<T> Checked<T>(string name, string description, Func<T, bool> isValid, string rule) where T : struct, INumber<T> => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T value) && isValid(value)) return value;
            result.AddError($"{name} takes {rule}, not '{text}'.");
            return default;
        },
    };
}
