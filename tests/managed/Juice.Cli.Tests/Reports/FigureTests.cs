using System.Globalization;
using System.Xml.Linq;
using Juice.Cli.Pictures;
using Juice.Cli.Reports;
using Juice.Cli.Training;

namespace Juice.Cli.Tests.Reports;

public class FigureTests
{
    private static XElement[] WithClass(XElement figure, string style) => [.. figure.Descendants().Where(element => element.Attribute("class")?.Value == style)];

    private static double[] Numbers(XElement element, params string[] names) =>
        [.. names.Select(name => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture))];

    [TestCase(0, 1, 5, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [TestCase(3.31, 3.99, 6, new[] { 3.4, 3.6, 3.8 })]
    [TestCase(1, 12, 8, new[] { 2.0, 4, 6, 8, 10, 12 })]
    [TestCase(-5, 5, 2, new[] { -5.0, 0, 5 })]
    public void Ticks_are_round_numbers_within_the_axis(double least, double greatest, int most, double[] expected) =>
        Assert.That(new Scale(least, greatest, 0, 100).Ticks(most), Is.EqualTo(expected).Within(1e-9));

    [Test]
    public void Ticks_have_the_decimals_that_tell_them_apart()
    {
        double[] ticks = [3.4, 3.45];

        Assert.That(Scale.Text(3.4, ticks), Is.EqualTo("3.40"));
        Assert.That(Scale.Text(-2, [-2, 0]), Is.EqualTo("−2"));
        Assert.That(Scale.Text(1500, [1000, 1500]), Is.EqualTo("1,500"));
    }

    [Test]
    public void A_value_alone_lies_in_the_middle() => Assert.That(new Scale(4, 4, 0, 100).Place(4), Is.EqualTo(50).Within(1e-9));

    [Test]
    public void Every_value_is_counted_in_the_bin_that_it_lies_in([Values(1, 7, 500)] int count)
    {
        Random random = new(count);
        double[] values = [.. Enumerable.Range(0, count).Select(_ => 3 + random.NextDouble() * random.NextDouble() * 4)];

        HistogramFigure.Bins bins = HistogramFigure.Bins.Of(values, 40);

        Assert.That(bins.Counts.Sum(), Is.EqualTo(count));
        Assert.That(bins.Counts[0], Is.Positive);
        Assert.That(bins.Counts[^1], Is.Positive);
        for (int i = 0; i < bins.Counts.Length; i++)
        {
            int within = values.Count(value => value >= bins.Low + i * bins.Width && value < bins.Low + (i + 1) * bins.Width);
            Assert.That(bins.Counts[i], Is.EqualTo(within));
        }
    }

    [Test]
    public void A_histogram_has_a_bar_a_bin_and_leaves_out_what_is_infinite()
    {
        XElement figure = HistogramFigure.Draw([1, 1, 1, 2, 4, double.PositiveInfinity], mean: 2);

        XElement[] bars = WithClass(figure, "bar");
        double[] heights = [.. bars.Select(bar => Numbers(bar, "height")[0]).Where(height => height > 0)];
        Assert.That(heights, Has.Length.EqualTo(3));
        Assert.That(heights[0], Is.EqualTo(3 * heights[1]).Within(0.05));
        Assert.That(WithClass(figure, "meantext").Single().Value, Is.EqualTo("mean 2.000"));
        Assert.That(figure.Descendants("title").Select(title => title.Value), Has.Some.EndsWith(": 3 rows"));
    }

    [Test]
    public void A_curve_goes_through_every_epoch_and_says_its_values()
    {
        EpochRecord[] epochs = [new(1, 4, 4.5, 10), new(2, 3, 3.25, 10), new(3, 2, null, 10), new(4, double.NaN, 3, 10)];

        XElement figure = CurveFigure.Draw(epochs);

        double[][] train = Points("curve train"), validation = Points("curve validation");
        Assert.That(train, Has.Length.EqualTo(3));
        Assert.That(train.Select(point => point[0]), Is.Ordered.Ascending);
        Assert.That(train[1][1] - train[0][1], Is.EqualTo(train[2][1] - train[1][1]).Within(0.02), "equal steps down look equal");
        Assert.That(train[1][1], Is.GreaterThan(train[0][1]), "lower is better, and lower on the page");
        Assert.That(validation.Select(point => point[0]), Is.EqualTo(new[] { train[0][0], train[1][0], 2 * train[2][0] - train[1][0] }).Within(0.03));
        Assert.That(WithClass(figure, "said").Select(text => text.Value), Is.EqualTo(new[]
        {
            "epoch 1: train 4.0000, validation 4.5000", "epoch 2: train 3.0000, validation 3.2500", "epoch 3: train 2.0000",
            "epoch 4: train –, validation 3.0000",
        }));

        double[][] Points(string style) =>
        [
            .. WithClass(figure, style).Single().Element("polyline")!.Attribute("points")!.Value.Split(' ')
                .Select(point => point.Split(',').Select(Some.Number).ToArray()),
        ];
    }

    [Test]
    public void A_curve_of_one_epoch_is_a_dot() =>
        Assert.That(WithClass(CurveFigure.Draw([new(1, 4, null, 10)]), "curve train").Single().Elements("circle").Count(), Is.EqualTo(1));

    [Test]
    public void A_tree_has_a_line_from_each_pixel_to_its_parent_the_strong_ones_on_top()
    {
        ImageShape shape = new(2, 3);
        LatentTree tree = new([1, 4, 1, 4, -1, 4], 8);
        double[] strengths = [0.1, 0.5, 0.3, 0.4, 0, 0.2];

        XElement figure = TreeFigure.Draw(shape, tree, strengths);

        XElement[] edges = WithClass(figure, "edge");
        Assert.That(edges, Has.Length.EqualTo(5));
        Assert.That(edges.Select(edge => Numbers(edge, "stroke-opacity")[0]), Is.Ordered.Ascending);
        Assert.That(edges.Select(edge => Numbers(edge, "x1", "y1", "x2", "y2")), Does.Contain(new double[] { 6, 6, 18, 6 }), "variable 0 to variable 1");
        Assert.That(edges[^1].Value, Is.EqualTo("row 0, column 1 – row 1, column 1: 0.721 bits"), "half a nat");
        Assert.That(Numbers(WithClass(figure, "root").Single(), "cx", "cy"), Is.EqualTo(new double[] { 18, 18 }));
    }
}
