using System.Globalization;

namespace Juice;

/// <summary>
/// A schedule of step sizes: a pure function of how far training is. A plain number converts to a constant one.
/// </summary>
/// <remarks>Immutable and comparable by value; safe to use from any number of threads.</remarks>
public abstract record StepSize
{
    private protected StepSize()
    {
    }

    /// <summary>The step size of one update.</summary>
    /// <param name="step">The update's number, 0 … <paramref name="totalSteps"/>−1.</param>
    /// <param name="totalSteps">All updates of the training.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such update.</exception>
    public double At(long step, long totalSteps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSteps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, totalSteps);
        return At(totalSteps == 1 ? 0 : (double)step / (totalSteps - 1));
    }

    /// <summary>The same size throughout.</summary>
    /// <param name="size">Above 0; at most 1 with expectation maximisation and Anemone.</param>
    public static StepSize Constant(double size) => new ConstantStepSize(Checked(size, nameof(size)));

    /// <summary>Half a cosine wave: <c>to + (from − to)·(1 + cos πt)/2</c> with t from 0 at the first update to 1 at the last.</summary>
    /// <param name="from">The first update's size, above 0.</param>
    /// <param name="to">The last update's size, above 0.</param>
    public static StepSize Cosine(double from, double to) => new CosineStepSize(Checked(from, nameof(from)), Checked(to, nameof(to)));

    /// <summary>
    /// Straight lines between points: sizes at fractions of the training, 0 at the first update and 1 at the last. Before the first point and after
    /// the last one the size stays; two points at one fraction make a jump (the second one holds there).
    /// </summary>
    /// <param name="points">Fractions in [0, 1], not descending, and sizes above 0; at least one.</param>
    public static StepSize Piecewise(params (double Fraction, double Size)[] points)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (points.Length == 0) throw new ArgumentException("A piecewise schedule needs at least one point.", nameof(points));
        for (int i = 0; i < points.Length; i++)
        {
            Checked(points[i].Size, nameof(points));
            if (!(points[i].Fraction >= (i == 0 ? 0 : points[i - 1].Fraction) && points[i].Fraction <= 1))
                throw new ArgumentException($"Point {i} is at {points[i].Fraction}; fractions go from 0 to 1 and do not descend.", nameof(points));
        }
        return new PiecewiseStepSize(points);
    }

    /// <summary>A constant schedule.</summary>
    public static implicit operator StepSize(double size) => Constant(size);

    /// <summary>A constant schedule.</summary>
    public static StepSize FromDouble(double size) => Constant(size);

    /// <summary>The schedule as the tool takes it: <c>0.5</c>, <c>cosine:0.5:0.02</c>, <c>piecewise:0=0.5,1=0.1</c>; every digit is there.</summary>
    internal abstract string Text { get; }

    /// <summary>Whether a training of another length goes through other step sizes from the beginning.</summary>
    internal virtual bool DependsOnLength => true;

    /// <summary>The largest size that it takes.</summary>
    internal abstract double Largest { get; }

    private protected abstract double At(double fraction);

    private static string Exact(double size) => size.ToString("R", CultureInfo.InvariantCulture);

    private static double Checked(double size, string name) =>
        size > 0 && double.IsFinite(size) ? size : throw new ArgumentOutOfRangeException(name, size, $"A step size is above 0; {size} is not.");

    private sealed record ConstantStepSize(double Size) : StepSize
    {
        internal override string Text => Exact(Size);

        internal override double Largest => Size;

        internal override bool DependsOnLength => false;

        private protected override double At(double fraction) => Size;
    }

    private sealed record CosineStepSize(double From, double To) : StepSize
    {
        internal override string Text => $"cosine:{Exact(From)}:{Exact(To)}";

        internal override double Largest => Math.Max(From, To);

        private protected override double At(double fraction) => To + (From - To) * (1 + Math.Cos(Math.PI * fraction)) / 2;
    }

    private sealed record PiecewiseStepSize : StepSize
    {
        private readonly (double Fraction, double Size)[] _points;

        public PiecewiseStepSize((double Fraction, double Size)[] points) => _points = [.. points];

        internal override string Text => $"piecewise:{string.Join(',', _points.Select(point => $"{Exact(point.Fraction)}={Exact(point.Size)}"))}";

        internal override double Largest => _points.Max(point => point.Size);

        private protected override double At(double fraction)
        {
            int next = Array.FindIndex(_points, point => point.Fraction > fraction);
            if (next < 0) return _points[^1].Size;
            if (next == 0) return _points[0].Size;
            var (left, from) = _points[next - 1];
            var (right, to) = _points[next];
            return from + (to - from) * (fraction - left) / (right - left);
        }

        public bool Equals(PiecewiseStepSize? other) => other is not null && _points.AsSpan().SequenceEqual(other._points);

        public override int GetHashCode() => HashCode.Combine(_points.Length, _points[0], _points[^1]);
    }
}
