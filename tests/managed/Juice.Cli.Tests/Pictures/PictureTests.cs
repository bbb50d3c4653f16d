using Juice.Cli.Pictures;
using Juice.Data;
using SkiaSharp;

namespace Juice.Cli.Tests.Pictures;

public class PictureTests
{
    private static readonly SKColor s_mark = SKColor.Parse("#e4572e");

    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Picture => _folder.File("picture.png");

    // Images of greys in 0 … 9: a bright blot on a dark ground, and a model of them.
    private (string Rows, string Model) Images(int variables, int categories = 10)
    {
        Random random = new(4);
        string rows = _folder.Write("images.csv", string.Concat(Enumerable.Range(0, 60).Select(_ =>
        {
            int blot = random.Next(variables);
            return string.Join(',', Enumerable.Range(0, variables).Select(v => Math.Max(0, categories - 1 - 2 * Math.Abs(v - blot)))) + '\n';
        })));
        string model = _folder.File("model.juice");
        ToolRun.Well("train", "hclt", "--data", rows, "--latents", "4", "--epochs", "3", "--categories", $"{categories}", "--out", model);
        return (rows, model);
    }

    private static double[] Values(Rows rows, long row)
    {
        double[] values = new double[rows.Variables];
        rows.CopyTo(row, values);
        return values;
    }

    // The one colour of a pixel of an image, drawn `scale` pixels wide and high.
    private static SKColor PixelOf(SKBitmap picture, SKPointI corner, int scale, int y, int x)
    {
        HashSet<SKColor> colours = [];
        for (int i = 0; i < scale * scale; i++) colours.Add(picture.GetPixel(corner.X + x * scale + i % scale, corner.Y + y * scale + i / scale));
        Assert.That(colours, Has.Count.EqualTo(1), $"a pixel is of one colour, row {y}, column {x}");
        return colours.Single();
    }

    private static SKColor Grey(double value, int categories = 10)
    {
        byte level = (byte)Math.Round(value * 255 / (categories - 1));
        return new(level, level, level);
    }

    [TestCase("3x5", 4, 3, 2)]
    [TestCase("5x3", 1, 1, 1)]
    [TestCase("1x15", 2, 7, 3)]
    public void Samples_are_the_rows_that_the_library_draws(string text, int columns, int rows, int scale)
    {
        (_, string model) = Images(15);

        ToolRun.Well(
            "picture", "samples", model, "--shape", text, "--grid", $"{columns}x{rows}", "--scale", $"{scale}", "--seed", "3", "--temperature", "0.8",
            "--out", Picture);

        ImageShape shape = ImageShape.Parse(text);
        int gap = Sheet.GapAt(scale);
        using SKBitmap picture = SKBitmap.Decode(Picture);
        Assert.That(picture.Width, Is.EqualTo(gap + columns * (shape.Width * scale + gap)));
        Assert.That(picture.Height, Is.EqualTo(gap + rows * (shape.Height * scale + gap)));
        using Circuit circuit = Circuit.Load(model);
        using CompiledCircuit compiled = circuit.Compile();
        Rows samples = compiled.Sample(columns * rows, new SampleOptions { Seed = 3, Temperature = 0.8 });
        for (int i = 0; i < columns * rows; i++)
        {
            double[] values = Values(samples, i);
            SKPointI corner = new(gap + i % columns * (shape.Width * scale + gap), gap + i / columns * (shape.Height * scale + gap));
            for (int v = 0; v < values.Length; v++)
                Assert.That(PixelOf(picture, corner, scale, v / shape.Width, v % shape.Width), Is.EqualTo(Grey(values[v])), $"sample {i}, variable {v}");
        }
    }

    [TestCase("bottom", "4x5")]
    [TestCase("top", "5x4")]
    [TestCase("left", "4x5")]
    [TestCase("right", "4x5")]
    public void Completions_keep_what_is_seen_and_mark_what_is_not(string half, string text)
    {
        const int scale = 8, count = 3, samples = 2;
        (string rows, string model) = Images(20);

        ToolRun.Well(
            "picture", "completions", model, "--data", rows, "--shape", text, "--hide", half, "--count", $"{count}", "--samples", $"{samples}",
            "--scale", $"{scale}", "--seed", "5", "--out", Picture);

        ImageShape shape = ImageShape.Parse(text);
        ImagePart part = Enum.Parse<ImagePart>(half, ignoreCase: true);
        int[] hidden = part.Variables(shape);
        using SKBitmap picture = SKBitmap.Decode(Picture);
        using Circuit circuit = Circuit.Load(model);
        using CompiledCircuit compiled = circuit.Compile();
        Rows originals = RowFiles.Load(rows).Select([0, 20, 40]);
        Completions expected = Completions.Draw(compiled, originals, part, shape, new SampleOptions { Seed = 5, SamplesPerRow = samples }, default);
        // The labels' room is whatever the images leave.
        int gap = Sheet.GapAt(scale), left = picture.Width - count * (shape.Width * scale + gap);
        Assert.That(left, Is.AtLeast(gap));
        Assert.That(picture.Height, Is.EqualTo(gap + (2 + samples) * (shape.Height * scale + gap)));
        for (int image = 0; image < count; image++)
        {
            double[] original = Values(originals, image);
            Assert.That(Drawn(image, 0, hidden: false), Is.EqualTo(Seen(original, _ => true)), "the original, whole");
            Assert.That(Drawn(image, 1, hidden: true), Is.EqualTo(Seen(original, v => !hidden.Contains(v))), "the half that the model sees");
            Assert.That(MarkedShare(image, 1), Is.GreaterThan(0.2), "the other one hatched");
            for (int k = 0; k < samples; k++)
            {
                Assert.That(Drawn(image, 2 + k, hidden: true), Is.EqualTo(Seen(original, v => !hidden.Contains(v))));
                Assert.That(MarkedShare(image, 2 + k), Is.InRange(0.05, 0.6), "a frame around what was drawn");
                double[] sample = expected.Sample(image, k).ToArray();
                foreach (int v in hidden) Assert.That(MiddleOf(image, 2 + k, v), Is.EqualTo(Grey(sample[v])), $"completion {k} of {image}, variable {v}");
            }
        }

        Dictionary<int, SKColor> Seen(double[] values, Func<int, bool> isSeen) =>
            Enumerable.Range(0, values.Length).Where(isSeen).ToDictionary(v => v, v => Grey(values[v]));

        Dictionary<int, SKColor> Drawn(int column, int row, bool hidden) => Enumerable.Range(0, shape.Variables)
            .Where(v => !hidden || !part.Variables(shape).Contains(v))
            .ToDictionary(v => v, v => PixelOf(picture, Corner(column, row), scale, v / shape.Width, v % shape.Width));

        SKColor MiddleOf(int column, int row, int v) => picture.GetPixel(
            Corner(column, row).X + v % shape.Width * scale + scale / 2, Corner(column, row).Y + v / shape.Width * scale + scale / 2);

        double MarkedShare(int column, int row)
        {
            SKRectI pixels = part.Pixels(shape);
            SKPointI corner = Corner(column, row);
            int marked = 0;
            for (int y = pixels.Top * scale; y < pixels.Bottom * scale; y++)
                for (int x = pixels.Left * scale; x < pixels.Right * scale; x++)
                    if (picture.GetPixel(corner.X + x, corner.Y + y) == s_mark)
                        marked++;
            return (double)marked / (pixels.Width * pixels.Height * scale * scale);
        }

        SKPointI Corner(int column, int row) => new(left + column * (shape.Width * scale + gap), gap + row * (shape.Height * scale + gap));
    }

    [TestCase("2x2x3", 0, 1, 2)]
    [TestCase("3x2x2", 0, 4, 8)]
    public void Three_channels_are_colours(string text, int red, int green, int blue)
    {
        (_, string model) = Images(12);

        ToolRun.Well("picture", "samples", model, "--shape", text, "--grid", "6x1", "--scale", "1", "--out", Picture);

        using SKBitmap picture = SKBitmap.Decode(Picture);
        using Circuit circuit = Circuit.Load(model);
        using CompiledCircuit compiled = circuit.Compile();
        Rows samples = compiled.Sample(6);
        int gap = Sheet.GapAt(1);
        for (int i = 0; i < 6; i++)
        {
            double[] values = Values(samples, i);
            SKColor expected = new(Grey(values[red]).Red, Grey(values[green]).Red, Grey(values[blue]).Red);
            Assert.That(picture.GetPixel(gap + i * (2 + gap), gap), Is.EqualTo(expected));
        }
    }

    [Test]
    public void Values_of_a_continuous_variable_are_clipped_to_0_and_1()
    {
        using Circuit circuit = Structures.Hclt([-1, 0, 0], [new Gaussian(), new Gaussian(), new Bernoulli()], latents: 2);

        using SKBitmap image = new Painter(new(1, 3), Levels.Of(circuit)).Paint([-3, 0.5, 1]);

        Assert.That(image.Pixels.Select(pixel => pixel.Red), Is.EqualTo(new byte[] { 0, 128, 255 }));
    }

    [Test]
    public void One_seed_draws_one_picture_whatever_the_threads()
    {
        (_, string model) = Images(15);

        Assert.That(Drawn("--seed", "1", "--threads", "1"), Is.EqualTo(Drawn("--seed", "1", "--threads", "2")));
        Assert.That(Drawn("--seed", "1"), Is.Not.EqualTo(Drawn("--seed", "2")));

        byte[] Drawn(params string[] more)
        {
            ToolRun.Well(["picture", "samples", model, "--shape", "3x5", "--out", Picture, .. more]);
            return File.ReadAllBytes(Picture);
        }
    }

    [TestCase(2, "images of 5×5 have 25 variables", "samples", "--shape", "5x5")]
    [TestCase(2, "--shape: '15' is not HEIGHTxWIDTH", "samples", "--shape", "15")]
    [TestCase(2, "'--shape' is required", "samples")]
    [TestCase(2, "--grid takes COLUMNSxROWS, such as 8x8, each from 1 to 1000, not '8'", "samples", "--shape", "3x5", "--grid", "8")]
    [TestCase(2, "--temperature takes a number above 0, not '0'", "samples", "--shape", "3x5", "--temperature", "0")]
    [TestCase(2, "at most 16000 are drawn: fewer images or a smaller --scale fit", "samples", "--shape", "3x5", "--grid", "1000x1", "--scale", "50")]
    [TestCase(2, "'middle'", "completions", "--shape", "3x5", "--data", "images.csv", "--hide", "middle")]
    [TestCase(2, "images of 1×15 have no bottom half", "completions", "--shape", "1x15", "--data", "images.csv")]
    [TestCase(1, "There is no file 'gone.csv'", "completions", "--shape", "3x5", "--data", "gone.csv")]
    public void What_cannot_be_drawn_is_refused_in_one_sentence(int code, string sentence, params string[] more)
    {
        (_, string model) = Images(15);

        ToolRun run = ToolRun.InProcess(["picture", more[0], model, "--out", Picture, .. more[1..]]);

        Assert.That(run.ExitCode, Is.EqualTo(code));
        Assert.That(run.Error, Does.StartWith("juice: ").And.Contain(sentence));
        Assert.That(File.Exists(Picture), Is.False);
    }

    [Test]
    public void Images_that_are_impossible_are_named()
    {
        string model = Some.ModelThatNeverHas2(_folder), rows = _folder.Write("odd.csv", "0,0\n2,1\n");

        ToolRun run = ToolRun.InProcess("picture", "completions", model, "--data", rows, "--shape", "2x1", "--out", Picture);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("odd.csv: ").And.Match("[Rr]ow 1"));
        Assert.That(File.Exists(Picture), Is.False);
    }

    [TestCase(10_000, 4, new long[] { 0, 2500, 5000, 7500 })]
    [TestCase(3, 8, new long[] { 0, 1, 2 })]
    [TestCase(7, 3, new long[] { 0, 2, 4 })]
    [TestCase(0, 3, new long[] { })]
    public void Images_are_spread_over_the_rows(long rows, int count, long[] expected) => Assert.That(Completions.Spread(rows, count), Is.EqualTo(expected));
}
