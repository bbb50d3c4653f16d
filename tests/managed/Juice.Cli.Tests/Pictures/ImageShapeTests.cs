using Juice.Cli.Pictures;

namespace Juice.Cli.Tests.Pictures;

public class ImageShapeTests
{
    [TestCase("28x28", 28, 28, 1, false)]
    [TestCase("3x5", 3, 5, 1, false)]
    [TestCase("32x16x3", 32, 16, 3, false)]
    [TestCase("3x32x16", 32, 16, 3, true)]
    [TestCase("1x7x9", 7, 9, 1, true)]
    [TestCase("3x3x3", 3, 3, 3, false)]
    public void Shapes_are_read(string text, int height, int width, int channels, bool channelsFirst) =>
        Assert.That(ImageShape.Parse(text), Is.EqualTo(new ImageShape(height, width, channels, channelsFirst)));

    [TestCase("")]
    [TestCase("28")]
    [TestCase("28x")]
    [TestCase("0x28")]
    [TestCase("-1x28")]
    [TestCase("2.5x28")]
    [TestCase("5000x28")]
    [TestCase("28x28x4")]
    [TestCase("2x28x28")]
    [TestCase("1x2x3x4")]
    public void What_is_no_shape_is_refused_with_the_forms(string text) =>
        Assert.That(() => ImageShape.Parse(text), Throws.TypeOf<FormatException>().With.Message.StartsWith($"'{text}' is not {ImageShape.Forms}"));

    [TestCase("3x5")]
    [TestCase("2x4x3")]
    [TestCase("3x2x4")]
    public void Every_variable_has_its_place(string text)
    {
        ImageShape shape = ImageShape.Parse(text);
        HashSet<(int, int, int)> places = [];
        for (int variable = 0; variable < shape.Variables; variable++)
        {
            (int y, int x, int channel) = shape.Place(variable);
            Assert.That(shape.Variable(y, x, channel), Is.EqualTo(variable));
            Assert.That(places.Add((y, x, channel)), Is.True);
        }
        Assert.That(places, Has.Count.EqualTo(shape.Height * shape.Width * shape.Channels));
    }

    [Test]
    public void Colours_lie_together_or_apart()
    {
        Assert.That(ImageShape.Parse("2x4x3").Place(1), Is.EqualTo((0, 0, 1)));
        Assert.That(ImageShape.Parse("3x2x4").Place(1), Is.EqualTo((0, 1, 0)));
    }

    // Of an odd number of lines the hidden half has one fewer, so that the model always sees at least as much.
    [TestCase("5x4", "Bottom", 3, 4, 8)]
    [TestCase("5x4", "Top", 0, 1, 8)]
    [TestCase("4x5", "Left", 0, 1, 8)]
    [TestCase("4x5", "Right", 3, 4, 8)]
    [TestCase("2x2x3", "Bottom", 1, 1, 6)]
    [TestCase("1x6", "Bottom", 0, 0, 0)]
    public void Halves_are_the_lines_they_say(string text, string half, int first, int last, int variables)
    {
        ImageShape shape = ImageShape.Parse(text);
        ImagePart part = Enum.Parse<ImagePart>(half);

        int[] hidden = part.Variables(shape);

        Assert.That(hidden, Has.Length.EqualTo(variables));
        foreach (int variable in hidden)
        {
            (int y, int x, _) = shape.Place(variable);
            Assert.That(part is ImagePart.Bottom or ImagePart.Top ? y : x, Is.InRange(first, last));
        }
    }
}
