using System.Globalization;

namespace Juice.Cli.Reports;

/// <summary>An axis: values to places, and round values to write at it.</summary>
internal sealed class Scale
{
    private readonly double _least, _greatest, _from, _to;

    /// <param name="least">The value at <paramref name="from"/>.</param>
    /// <param name="greatest">The value at <paramref name="to"/>, not below the least.</param>
    /// <param name="from">A place.</param>
    /// <param name="to">Another place.</param>
    public Scale(double least, double greatest, double from, double to)
    {
        double room = greatest > least ? 0 : Math.Max(Math.Abs(least), 1) * 0.05;      // one value alone stands in the middle
        (_least, _greatest, _from, _to) = (least - room, greatest + room, from, to);
    }

    public double Place(double value) => _from + (value - _least) / (_greatest - _least) * (_to - _from);

    /// <summary>Round values within the axis, no more than <paramref name="most"/> (at least 2), steps of 1, 2 or 5 times a power of ten.</summary>
    public IReadOnlyList<double> Ticks(int most, bool whole = false)
    {
        double step = Step((_greatest - _least) / most);
        if (whole) step = Math.Max(step, 1);
        List<double> ticks = [];
        for (double k = Math.Ceiling(_least / step - 1e-9); k * step <= _greatest + step * 1e-9; k++) ticks.Add(k * step);
        return ticks;
    }

    /// <summary>Ticks as text, with as many decimals as tell them apart.</summary>
    public static string Text(double tick, IReadOnlyList<double> ticks)
    {
        double step = ticks.Count > 1 ? ticks[1] - ticks[0] : 1;
        int decimals = Math.Max(0, (int)Math.Ceiling(-Math.Log10(step) - 1e-9));
        return tick.ToString($"N{decimals}", CultureInfo.InvariantCulture).Replace('-', '−');
    }

    private static double Step(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return (least / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
