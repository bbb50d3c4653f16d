namespace Juice.Tests;

public class StepSizeTests
{
    [Test]
    public void A_constant_schedule_stays() =>
        Assert.That(Sizes(StepSize.Constant(0.3), 4), Is.EqualTo(new[] { 0.3, 0.3, 0.3, 0.3 }));

    [Test]
    public void A_number_is_a_constant_schedule()
    {
        StepSize size = 0.25;

        Assert.That(size, Is.EqualTo(StepSize.Constant(0.25)));
    }

    [Test]
    public void A_cosine_goes_from_its_first_size_to_its_last_through_the_middle() =>
        Assert.That(Sizes(StepSize.Cosine(0.9, 0.1), 5),
            Is.EqualTo(new[] { 0.9, 0.5 + 0.4 * Math.Sqrt(0.5), 0.5, 0.5 - 0.4 * Math.Sqrt(0.5), 0.1 }).Within(1e-12));

    [Test]
    public void A_piecewise_schedule_draws_straight_lines_between_its_points() =>
        Assert.That(Sizes(StepSize.Piecewise((0, 1), (0.5, 0.5), (1, 0.1)), 5), Is.EqualTo(new[] { 1, 0.75, 0.5, 0.3, 0.1 }).Within(1e-12));

    [Test]
    public void A_piecewise_schedule_jumps_and_stays_outside_of_its_points() =>
        Assert.That(Sizes(StepSize.Piecewise((0.25, 0.8), (0.5, 0.8), (0.5, 0.2), (0.75, 0.2)), 5),
            Is.EqualTo(new[] { 0.8, 0.8, 0.2, 0.2, 0.2 }).Within(1e-12));

    [Test]
    public void A_training_of_one_step_takes_the_first_size()
    {
        Assert.That(StepSize.Cosine(0.9, 0.1).At(0, 1), Is.EqualTo(0.9));
        Assert.That(StepSize.Piecewise((0, 0.7), (1, 0.1)).At(0, 1), Is.EqualTo(0.7));
    }

    [Test]
    public void Schedules_are_compared_by_what_they_say()
    {
        StepSize piecewise = StepSize.Piecewise((0, 1), (1, 0.5));
        Assert.That(StepSize.Piecewise((0, 1), (1, 0.5)), Is.EqualTo(piecewise));
        Assert.That(StepSize.Piecewise((0, 1), (1, 0.5)), Is.Not.EqualTo(StepSize.Piecewise((0, 1), (1, 0.25))));
        Assert.That(StepSize.Cosine(1, 0.5), Is.Not.EqualTo(StepSize.Cosine(1, 0.25)));
    }

    [TestCase(0)]
    [TestCase(-0.1)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(double.NaN)]
    public void A_size_that_is_not_above_zero_is_rejected(double size)
    {
        Assert.That(() => StepSize.Constant(size), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => StepSize.Cosine(0.5, size), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => StepSize.Piecewise((0, size)), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Fractions_ascend_from_zero_to_one()
    {
        Assert.That(() => StepSize.Piecewise(), Throws.ArgumentException);
        Assert.That(() => StepSize.Piecewise((-0.1, 0.5)), Throws.ArgumentException.With.Message.Contains("Point 0"));
        Assert.That(() => StepSize.Piecewise((0.5, 0.5), (0.4, 0.5)), Throws.ArgumentException.With.Message.Contains("Point 1"));
        Assert.That(() => StepSize.Piecewise((0, 0.5), (1.5, 0.5)), Throws.ArgumentException);
        Assert.That(() => StepSize.Piecewise((double.NaN, 0.5)), Throws.ArgumentException);
    }

    [Test]
    public void A_step_outside_of_the_training_is_rejected()
    {
        Assert.That(() => StepSize.Constant(1).At(3, 3), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => StepSize.Constant(1).At(-1, 3), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => StepSize.Constant(1).At(0, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static IEnumerable<double> Sizes(StepSize schedule, int steps) => Enumerable.Range(0, steps).Select(step => schedule.At(step, steps));
}
