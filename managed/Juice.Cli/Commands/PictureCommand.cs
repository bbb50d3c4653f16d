using System.CommandLine;
using System.Globalization;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Cli.Pictures;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice picture</c>: what a model of images has learnt, to look at.</summary>
internal static class PictureCommand
{
    private const int UsualScale = 4;

    public static Command Create(Terminal terminal) => new ToolCommand(
        "picture", "Draw images from a model of images: new ones, or ones that it completes.")
    {
        Subcommands = { Samples(), CompletionsOf(terminal) },
        Examples =
        [
            "juice picture samples m.juice --shape 28x28 --out samples.png",
            "juice picture completions m.juice --data fashion-mnist --shape 28x28 --out completions.png",
        ],
    };

    private static ToolCommand Samples()
    {
        Argument<string> model = Arguments.Model();
        Option<(int Columns, int Rows)> grid = new("--grid")
        {
            Description = "How many images, COLUMNSxROWS.",
            HelpName = "GRID",
            DefaultValueFactory = _ => (8, 8),
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (text.Split('x') is [string columns, string rows] && Side(columns) is int across && Side(rows) is int down) return (across, down);
                result.AddError($"--grid takes COLUMNSxROWS, such as 8x8, each from 1 to 1000, not '{text}'.");
                return default;
            },
        };
        Picture picture = new();
        ToolCommand command = new("samples", "Draw new images, sampled from a model.")
        {
            Examples =
            [
                "juice picture samples m.juice --shape 28x28 --out samples.png",
                "juice picture samples m.juice --shape 32x32x3 --grid 10x4 --seed 7 --temperature 0.9 --out samples.png",
            ],
        };
        command.Add(model);
        picture.AddTo(command, grid);
        command.SetAction((parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(model), output = picture.Output(parsed);
            using Circuit circuit = Circuit.Load(path);
            Painter painter = picture.Painter(parsed, circuit, path);
            (int columns, int rows) = parsed.GetValue(grid);
            using Sheet sheet = new(painter, columns, rows, picture.Scale(parsed));
            using CompiledCircuit compiled = picture.Compile(parsed, circuit);
            Rows samples = compiled.Sample(columns * rows, picture.Sampling(parsed), cancellation);
            double[] row = new double[samples.Variables];
            for (int i = 0; i < samples.Count; i++)
            {
                samples.CopyTo(i, row);
                sheet.Put(i % columns, i / columns, row);
            }
            OutputFile.Write(output, stream => stream.Write(sheet.Png()));
            return Task.FromResult(Tool.Success);
        });
        return command;

        static int? Side(string text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side is >= 1 and <= 1000 ? side : null;
    }

    private static ToolCommand CompletionsOf(Terminal terminal)
    {
        Argument<string> model = Arguments.Model();
        Option<string> data = Arguments.RequiredData($"The images: {DataOptions.Kinds}. Of a data set the test part, unless --split says otherwise.");
        Option<string> hide = new("--hide")
        {
            Description = "The half that the model does not see: bottom, top, left or right.",
            HelpName = "HALF",
            DefaultValueFactory = _ => "bottom",
        };
        hide.AcceptOnlyFromAmong("bottom", "top", "left", "right");
        Option<int> count = OptionValues.Whole("--count", "How many images, spread evenly over the rows.", minimum: 1, defaultValue: 8);
        Option<int> samples = OptionValues.Whole("--samples", "Completions of each image.", minimum: 1, defaultValue: 3);
        DataOptions dataOptions = new();
        Picture picture = new();
        ToolCommand command = new("completions",
            "Hide half of each image and draw what a model puts in its place: a column an image, from top to bottom the original, what the model "
                + "sees (the hidden half hatched), and completions (the half that was drawn framed).")
        {
            Examples =
            [
                "juice picture completions m.juice --data fashion-mnist --shape 28x28 --out completions.png",
                "juice picture completions m.juice --data rows.npy --shape 32x32x3 --hide left --count 5 --samples 6 --out completions.png",
            ],
        };
        command.Add(model);
        command.Add(data);
        picture.AddTo(command, hide, count, samples);
        dataOptions.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(model), output = picture.Output(parsed);
            using Circuit circuit = Circuit.Load(path);
            Painter painter = picture.Painter(parsed, circuit, path);
            ImagePart part = Enum.Parse<ImagePart>(parsed.GetRequiredValue(hide), ignoreCase: true);
            part.CheckIsThere(painter.Shape);
            NamedRows named = await dataOptions.LoadAsync(parsed, terminal, parsed.GetRequiredValue(data), usualPart: "test", DataSchema.Of(circuit), cancellation);
            named.CheckFits(circuit, path);
            NamedRows images = named with { Rows = named.Rows.Select(Completions.Spread(named.Rows.Count, parsed.GetValue(count))) };
            SampleOptions options = picture.Sampling(parsed) with { SamplesPerRow = parsed.GetValue(samples) };
            using CompiledCircuit compiled = picture.Compile(parsed, circuit);
            Completions completions = images.Use(rows => Completions.Draw(compiled, rows, part, painter.Shape, options, cancellation));
            using Sheet sheet = Draw(completions, painter, picture.Scale(parsed), options.SamplesPerRow);
            OutputFile.Write(output, stream => stream.Write(sheet.Png()));
            Lettering.NoteMissing(terminal, output);
            return Tool.Success;
        });
        return command;
    }

    private static Sheet Draw(Completions completions, Painter painter, int scale, int samples)
    {
        Rows originals = completions.Originals;
        string[] labels = ["original", "given", .. Enumerable.Range(1, samples).Select(k => samples == 1 ? "completed" : $"completed {k}")];
        Sheet sheet = new(painter, (int)originals.Count, labels.Length, scale, labels);
        double[] row = new double[originals.Variables];
        for (int i = 0; i < originals.Count; i++)
        {
            originals.CopyTo(i, row);
            sheet.Put(i, 0, row);
            completions.Given.CopyTo(i, row);
            sheet.Put(i, 1, row);
            sheet.Hatch(i, 1, completions.Part);
            for (int k = 0; k < samples; k++)
            {
                sheet.Put(i, 2 + k, completions.Sample(i, k));
                sheet.Frame(i, 2 + k, completions.Part);
            }
        }
        return sheet;
    }

    // What both pictures take.
    private sealed class Picture
    {
        private readonly Option<ImageShape> _shape = ShapeOption.Create(required: true, "How the variables lie in an image");
        private readonly Option<string> _out = new("--out") { Description = "The picture to write (.png).", HelpName = "FILE", Required = true };
        private readonly Option<int> _scale = OptionValues.Whole(
            "--scale", "How many pixels wide and high a pixel of an image is drawn.", minimum: 1, defaultValue: UsualScale);
        private readonly SamplingOptions _sampling = new();
        private readonly ModelOptions _model = new();

        public void AddTo(Command command, params ReadOnlySpan<Option> own)
        {
            command.Add(_shape);
            command.Add(_out);
            foreach (Option option in own) command.Add(option);
            command.Add(_scale);
            _sampling.AddTo(command);
            _model.AddTo(command);
        }

        public string Output(ParseResult parsed)
        {
            string path = parsed.GetRequiredValue(_out);
            OutputFile.Check(path, ".png");
            return path;
        }

        public int Scale(ParseResult parsed) => parsed.GetValue(_scale);

        public SampleOptions Sampling(ParseResult parsed) => _sampling.Options(parsed);

        public CompiledCircuit Compile(ParseResult parsed, Circuit circuit) => _model.Compile(circuit, parsed);

        public Painter Painter(ParseResult parsed, Circuit circuit, string model)
        {
            ImageShape shape = parsed.GetRequiredValue(_shape);
            ShapeOption.CheckFits(shape, circuit, model);
            return new(shape, Levels.Of(circuit));
        }
    }
}
