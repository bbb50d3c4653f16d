using System.Globalization;
using Juice.Interop;

namespace Juice;

/// <summary>
/// What makes parameters from flows: expectation maximisation (<see cref="Em"/>), <see cref="Anemone"/>, stochastic gradient (<see cref="Sgd"/>) or
/// <see cref="Adam"/>. docs/training.md has the formulas.
/// </summary>
/// <remarks>
/// Immutable and comparable by value; safe to use from any number of threads. What Anemone, stochastic gradient with momentum and Adam remember lies on the
/// model's device, one or two arrays as large as the parameters; it begins at 0 and is freed when another optimiser updates.
/// </remarks>
public abstract record Optimizer
{
    private protected Optimizer()
    {
    }

    /// <summary>
    /// Expectation maximisation: θ' = (1−s)·θ + s·(F + α/n)/(ΣF + α). Every node moves by the same share s of the way.
    /// </summary>
    public static Optimizer Em { get; } = new ExpectationMaximization();

    /// <summary>
    /// Anemone (Liu, Shao, Van den Broeck, "Rethinking Probabilistic Circuit Parameter Learning", arXiv 2505.19982): θ' in proportion to
    /// s·(F + α/n)/W + (1−s)·T·θ, with the rows' weight W and the probability T that a sample of the circuit passes the node: nodes that a batch says
    /// little about move little. F and W are averaged over the updates.
    /// </summary>
    /// <param name="momentum">How much of the average stays at an update, in [0, 1).</param>
    public static Optimizer Anemone(double momentum = 0.9) => new AnemoneOptimizer(Fraction(momentum, nameof(momentum)));

    /// <summary>Stochastic gradient on log-parameters, which are normalised again: v' = momentum·v + g, θ' in proportion to θ·exp(s·v').</summary>
    /// <param name="momentum">In [0, 1).</param>
    public static Optimizer Sgd(double momentum = 0) => new SgdOptimizer(Fraction(momentum, nameof(momentum)));

    /// <summary>Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1) on log-parameters, which are normalised again.</summary>
    /// <param name="beta1">The decay of the gradients' average, in [0, 1).</param>
    /// <param name="beta2">The decay of their squares' average, in [0, 1).</param>
    /// <param name="epsilon">Added to the root of that; above 0.</param>
    public static Optimizer Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) => new AdamOptimizer(
        Fraction(beta1, nameof(beta1)), Fraction(beta2, nameof(beta2)),
        epsilon > 0 && double.IsFinite(epsilon) ? epsilon : throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, $"Epsilon is above 0; {epsilon} is not."));

    /// <summary>Whether its step size is a share of the way, and so at most 1.</summary>
    internal virtual bool IsShare => true;

    /// <summary>The optimiser in a word, with all its figures: <c>adam:0.9:0.999:1E-08</c>.</summary>
    internal abstract string Text { get; }

    internal abstract void AddTo(ref NativeRule rule);

    private static double Fraction(double value, string name) =>
        value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"It is at least 0 and below 1; {value} is not.");

    private static string Words(string name, params double[] figures) =>
        string.Join(':', [name, .. figures.Select(figure => figure.ToString("R", CultureInfo.InvariantCulture))]);

    private sealed record ExpectationMaximization : Optimizer
    {
        internal override string Text => "em";

        internal override void AddTo(ref NativeRule rule) => rule.Optimizer = 0;
    }

    private sealed record AnemoneOptimizer(double Momentum) : Optimizer
    {
        internal override string Text => Words("anemone", Momentum);

        internal override void AddTo(ref NativeRule rule) => (rule.Optimizer, rule.Momentum) = (1, (float)Momentum);
    }

    private sealed record SgdOptimizer(double Momentum) : Optimizer
    {
        internal override bool IsShare => false;

        internal override string Text => Words("sgd", Momentum);

        internal override void AddTo(ref NativeRule rule) => (rule.Optimizer, rule.Momentum) = (2, (float)Momentum);
    }

    private sealed record AdamOptimizer(double Beta1, double Beta2, double Epsilon) : Optimizer
    {
        internal override bool IsShare => false;

        internal override string Text => Words("adam", Beta1, Beta2, Epsilon);

        internal override void AddTo(ref NativeRule rule) =>
            (rule.Optimizer, rule.Momentum, rule.SecondMomentum, rule.Epsilon) = (3, (float)Beta1, (float)Beta2, (float)Epsilon);
    }
}
