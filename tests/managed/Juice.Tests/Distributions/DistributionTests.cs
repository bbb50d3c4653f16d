namespace Juice.Tests;

public class DistributionTests
{
    private static readonly Distribution[] s_all =
        [new Categorical(5), new Bernoulli(), new Binomial(7), new Gaussian(), new DiscreteLogistic(-1, 2.5, 9), new Indicator(3)];

    [TestCaseSource(nameof(s_all))]
    public void A_distribution_survives_the_crossing(Distribution distribution) =>
        Assert.That(Distribution.FromNative(distribution.ToNative()), Is.EqualTo(distribution));

    [Test]
    public void Domains_are_those_of_the_format() =>
        Assert.That(s_all.Select(distribution => distribution.Domain), Is.EqualTo(new int?[] { 5, 2, 8, null, 9, 3 }));

    [Test]
    public void Parameter_counts_are_those_of_the_format() =>
        Assert.That(s_all.Select(distribution => distribution.ParametersPerNode), Is.EqualTo(new[] { 5, 1, 1, 2, 2, 0 }));

    [Test]
    public void Empty_domains_are_rejected()
    {
        Assert.That(() => new Categorical(0), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("Categories"));
        Assert.That(() => new Binomial(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new Indicator(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new DiscreteLogistic(0, 1, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new DiscreteLogistic(1, 1, 4), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
