using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Juice.Cli.Output;
using Juice.Cli.Pictures;
using Juice.Data;
using SkiaSharp;

namespace Juice.Cli.Tests.Reports;

public class ReportTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Page => _folder.File("report.html");

    private string Model(params string[] more)
    {
        string model = _folder.File("model.juice");
        ToolRun.Well(
            ["train", "hclt", "--data", Some.BinaryRows(_folder, variables: 12), "--validation", "0.1", "--latents", "3", "--epochs", "4", "--out", model, .. more]);
        return model;
    }

    private XElement Report(string model, string rows, params string[] more)
    {
        ToolRun.Well(["report", model, "--data", rows, "--out", Page, .. more]);
        // A page of HTML that is XML as well, but for its DOCTYPE, which has no DTD.
        using XmlReader reader = XmlReader.Create(Page, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader).Root!;
    }

    private static XElement Section(XElement page, string name) => page.Descendants("section").Single(section => section.Attribute("id")?.Value == name);

    private static string Fact(XElement section, string name) =>
        section.Descendants("tr").Single(line => line.Element("th")!.Value == name).Element("td")!.Value;

    private static IEnumerable<byte[]> Images(XElement element) => element.Descendants("img").Select(image =>
        Convert.FromBase64String(image.Attribute("src")!.Value["data:image/png;base64,".Length..]));

    [Test]
    public void It_has_the_numbers_that_the_library_computes()
    {
        string model = Model(), test = Some.BinaryRows(_folder, "test.csv", rows: 500, variables: 12, seed: 5);

        XElement page = Report(model, test, "--shape", "3x4");

        using Circuit circuit = Circuit.Load(model);
        using CompiledCircuit compiled = circuit.Compile();
        Rows rows = RowFiles.Load(test);
        double bpd = compiled.BitsPerDimension(rows);
        Assert.That(page.Descendants("strong").First().Value, Is.EqualTo(FormattableString.Invariant($"{bpd:0.000} bits per dimension")));
        Assert.That(page.Descendants("header").Single().Value, Does.Contain("needs 1.00."), "a bit, where a value is 0 or 1");
        XElement facts = Section(page, "model");
        Assert.That(Fact(facts, "bits per dimension"), Is.EqualTo(FormattableString.Invariant($"{bpd:0.0000} on 500 images")));
        Assert.That(Fact(facts, "log-likelihood"), Is.EqualTo(FormattableString.Invariant($"−{-compiled.MeanLogLikelihood(rows):0.00} nats an image")));
        Assert.That(Fact(facts, "edges"), Does.StartWith(Units.Count(circuit.Edges) + " ("));
        Assert.That(Fact(facts, "parameters"), Is.EqualTo(Units.Count(circuit.Parameters)));
        Assert.That(Fact(facts, "depth"), Is.EqualTo(Units.Count(circuit.Depth)));
        Assert.That(Fact(facts, "structure"), Is.EqualTo("hidden Chow-Liu tree, 3 latents a variable"));
        Assert.That(Fact(facts, "file"), Is.EqualTo($"model.juice, {Units.Bytes(new FileInfo(model).Length)}"));
        Assert.That(Fact(Section(page, "data"), "rows"), Is.EqualTo("500 images"));

        double[] values = compiled.LogLikelihood(rows);
        string[] strangest = [.. Section(page, "rows").Descendants("figcaption").Take(10).Select(caption => caption.Elements().Last().Value)];
        int[] expected = [.. Enumerable.Range(0, values.Length).OrderBy(row => values[row]).Take(10)];
        Assert.That(strangest, Is.EqualTo(expected.Select(row => $"row {row}")));
        string first = Section(page, "rows").Descendants("figcaption").First().Elements().First().Value;
        Assert.That(first, Is.EqualTo((-values.Min() / (12 * Math.Log(2))).ToString("0.000", CultureInfo.InvariantCulture)));
    }

    [Test]
    public void It_shows_the_training_that_the_model_s_file_tells_of()
    {
        string model = Model("--seed", "7", "--batch-size", "32");

        XElement page = Report(model, Some.BinaryRows(_folder, variables: 12), "--shape", "3x4");

        XElement training = Section(page, "training");
        Assert.That(training.Descendants("polyline").Select(line => line.Attribute("points")!.Value.Split(' ').Length), Is.EqualTo(new[] { 4, 4 }));
        Assert.That(Fact(training, "images"), Is.EqualTo("360"));
        Assert.That(Fact(training, "validation"), Is.EqualTo("40"));
        Assert.That(Fact(training, "batch"), Is.EqualTo("32"));
        Assert.That(Fact(training, "seed"), Is.EqualTo("7"));
        XElement machine = Section(page, "machine");
        Assert.That(Fact(machine, "trained on"), Is.EqualTo(Device.Cpu.Description));
        Assert.That(Fact(machine, "peak memory"), Does.Match(@"^\d+(\.\d+)? [MG]iB$"));
        Assert.That(Fact(machine, "training speed"), Does.Match(@"^[\d,]+ images a second$"));
        Assert.That(Fact(machine, "scored for this report"), Does.StartWith("400 images in "));
        string[] commands = Section(page, "commands").Element("pre")!.Value.Split('\n');
        Assert.That(commands[0], Is.EqualTo(
            "juice train hclt --data rows.csv --validation 0.1 --latents 3 --epochs 4 --out model.juice --seed 7 --batch-size 32"));
        Assert.That(commands[1], Is.EqualTo("juice report model.juice --data rows.csv --out report.html --shape 3x4"));
    }

    [Test]
    public void It_tells_of_the_rounds_of_pruning_and_growing_and_how_close_they_come()
    {
        string rows = Some.BinaryRows(_folder, variables: 12), sparse = _folder.File("sparse.juice");
        string[] schedule = ["--rounds", "2", "--keep", "0.5", "--epochs", "2", "--validation", "40", "--step-size", "0.3"];
        string said = ToolRun.Well(["sparsify", Model(), rows, .. schedule, "--out", sparse]).Error;

        XElement page = Report(sparse, rows, "--published", "0.2");

        XElement sparsity = Section(page, "sparsity");
        Assert.That(sparsity.Element("h2")!.Value, Is.EqualTo("Pruning and growing"));
        string[][] lines = [.. sparsity.Descendants("tr").Select(line => line.Elements().Select(cell => cell.Value).ToArray())];
        Assert.That(lines[0], Is.EqualTo(new[] { "round", "edges", "pruned to", "trained with", "train", "validation" }));
        Assert.That(lines, Has.Length.EqualTo(3));
        foreach (string[] line in lines.Skip(1))
        {
            Assert.That(said, Does.Contain(
                $"round {line[0]}: {line[1]} edges, pruned to {line[2]}, trained with {line[3]}: train {line[4]} bpd, validation {line[5]} bpd"));
        }
        using Circuit circuit = Circuit.Load(sparse);
        using CompiledCircuit compiled = circuit.Compile();
        double above = compiled.BitsPerDimension(RowFiles.Load(rows)) - 0.2;
        Assert.That(sparsity.Value, Does.Contain(FormattableString.Invariant($"{above:0.0000} above the published 0.2")));
        Assert.That(Fact(Section(page, "model"), "published"), Is.EqualTo(FormattableString.Invariant($"{above:0.0000} above the published 0.2")));
        Assert.That(Fact(Section(page, "training"), "batch"), Is.EqualTo("256"), "the settings beside the curve are those of the epochs in it");
        Assert.That(page.Descendants("header").Single().Value, Does.Contain("4 epochs and 2 rounds of pruning"));
        Assert.That(Section(page, "commands").Element("pre")!.Value.Split('\n'), Has.Length.EqualTo(3));
    }

    [Test]
    public void Without_pruning_there_is_no_section_of_it()
    {
        XElement page = Report(Model(), Some.BinaryRows(_folder, variables: 12));

        Assert.That(page.Descendants("section").Select(section => section.Attribute("id")!.Value), Has.None.EqualTo("sparsity"));
        Assert.That(Section(page, "model").Descendants("th").Select(name => name.Value), Has.None.EqualTo("published"));
    }

    [Test]
    public void Its_pictures_are_those_of_the_rows_the_samples_and_the_completions()
    {
        string model = Model(), test = Some.BinaryRows(_folder, "test.csv", rows: 30, variables: 12, seed: 5);

        XElement page = Report(model, test, "--shape", "3x4", "--seed", "4", "--temperature", "0.7");

        using Circuit circuit = Circuit.Load(model);
        using CompiledCircuit compiled = circuit.Compile();
        Rows rows = RowFiles.Load(test), samples = compiled.Sample(40, new SampleOptions { Seed = 4, Temperature = 0.7 });
        Assert.That(Images(Section(page, "data")).First(), Is.EqualTo(Png(rows, 0)));
        Assert.That(Images(Section(page, "samples")), Is.EqualTo(Enumerable.Range(0, 40).Select(i => Png(samples, i))));
        Assert.That(Section(page, "samples").Value, Does.Contain("Temperature 0.7").And.Contain("Seed 4"));

        XElement completions = Section(page, "completions");
        XElement[] strips = [.. completions.Descendants("div").Where(div => div.Attribute("class")?.Value == "strip")];
        Assert.That(strips, Has.Length.EqualTo(8));
        Assert.That(strips.Select(strip => strip.Descendants("img").Count()), Is.All.EqualTo(5), "the original, what is given, three completions");
        Assert.That(Images(strips[1]).First(), Is.EqualTo(Png(rows, 3)), "spread over the rows");
        // What the original's lower half costs: the library's two log-likelihoods.
        double[] original = new double[12];
        rows.CopyTo(3, original);
        double[] given = [.. original.Select((value, v) => v >= 8 ? double.NaN : value)];
        double bits = (compiled.LogLikelihood<double>(given) - compiled.LogLikelihood<double>(original)) / Math.Log(2) / 4;
        Assert.That(strips[1].Descendants("figcaption").First().Elements().Last().Value, Is.EqualTo(bits.ToString("0.00", CultureInfo.InvariantCulture)));
        Completions expected = Completions.Draw(
            compiled, rows.Select(Completions.Spread(30, 8)), ImagePart.Bottom, new(3, 4), new SampleOptions { Seed = 4, SamplesPerRow = 3 }, default);
        Assert.That(Images(strips[1]).Skip(2), Is.EqualTo(Enumerable.Range(0, 3).Select(k => PngOf(expected.Sample(1, k)))), "exact, whatever the temperature");

        XElement tree = page.Descendants("svg").Single(svg => svg.Attribute("class")?.Value == "tree");
        Assert.That(tree.Elements("line").Count(), Is.EqualTo(11));

        static byte[] Png(Rows rows, long row)
        {
            double[] values = new double[12];
            rows.CopyTo(row, values);
            return PngOf(values);
        }

        static byte[] PngOf(ReadOnlySpan<double> values)
        {
            using SKBitmap image = new(4, 3, SKColorType.Rgba8888, SKAlphaType.Unpremul)
            {
                Pixels = [.. values.ToArray().Select(value => value == 1 ? SKColors.White : SKColors.Black)],
            };
            return image.Encode(SKEncodedImageFormat.Png, 100).ToArray();
        }
    }

    [Test]
    public void Nothing_in_it_is_fetched_or_run()
    {
        XElement page = Report(Model(), Some.BinaryRows(_folder, variables: 12), "--shape", "3x4");

        string text = File.ReadAllText(Page);
        Assert.That(text, Does.StartWith("<!DOCTYPE html>").IgnoreCase);
        Assert.That(text, Does.Not.Match("https?:").And.Not.Contain("url(").And.Not.Contain("@import"));
        Assert.That(page.Descendants().Select(element => element.Name.LocalName).Distinct(),
            Has.None.AnyOf("script", "link", "iframe", "object", "embed", "a", "image", "use", "base"));
        foreach (XAttribute attribute in page.Descendants().Attributes())
        {
            Assert.That(attribute.Name.LocalName, Does.Not.StartWith("on").And.Not.EqualTo("srcset"));
            if (attribute.Name.LocalName is "src" or "href") Assert.That(attribute.Value, Does.StartWith("data:image/png;base64,"));
        }
        string policy = page.Descendants("meta").Single(meta => meta.Attribute("http-equiv") is not null).Attribute("content")!.Value;
        Assert.That(policy, Does.StartWith("default-src 'none'"));
    }

    [Test]
    public void Elements_that_HTML_does_not_know_as_empty_are_closed_by_a_tag()
    {
        Report(Model(), Some.BinaryRows(_folder, variables: 12), "--shape", "3x4");

        string[] drawn = ["line", "rect", "circle", "polyline"];
        IEnumerable<string> empty = Regex.Matches(File.ReadAllText(Page), @"<(\w+)[^<>]*/>").Select(match => match.Groups[1].Value).Distinct();
        Assert.That(empty, Is.SubsetOf(drawn.Concat(["meta", "img"])));
        // Text in a style element is never unescaped by a reader of HTML.
        Assert.That(File.ReadAllText(Page).Split("<style>")[1].Split("</style>")[0], Does.Not.Contain("&"));
    }

    [Test]
    public void Words_of_its_user_are_text_and_not_markup()
    {
        XElement page = Report(
            Model(), Some.BinaryRows(_folder, variables: 12), "--title", "Shirts & <b>shoes</b>", "--about", "5 < 6 \"quoted\"");

        Assert.That(page.Descendants("h1").Single().Value, Is.EqualTo("Shirts & <b>shoes</b>"));
        Assert.That(page.Descendants("title").First().Value, Is.EqualTo("Shirts & <b>shoes</b>"));
        Assert.That(page.Descendants("p").Select(p => p.Value), Does.Contain("5 < 6 \"quoted\""));
    }

    [Test]
    public void Without_a_shape_it_is_about_rows_and_has_no_pictures()
    {
        XElement page = Report(Model(), Some.BinaryRows(_folder, variables: 12));

        Assert.That(page.Descendants("img"), Is.Empty);
        Assert.That(page.Descendants("section").Select(section => section.Attribute("id")!.Value),
            Is.EqualTo(new[] { "data", "training", "rows", "machine", "model", "commands" }));
        Assert.That(Section(page, "rows").Descendants("tr").Count(), Is.EqualTo(20));
        Assert.That(Fact(Section(page, "data"), "rows"), Is.EqualTo("400 rows"));
    }

    [Test]
    public void Epochs_may_come_from_a_log()
    {
        string log = _folder.Write("train.jsonl", """
            {"event":"start","data":{"name":"rows.csv"}}
            {"event":"epoch","epoch":1,"train_bpd":2.5,"rows_per_second":100}
            {"event":"epoch","epoch":2,"train_bpd":9.5,"rows_per_second":900}
            {"event":"resume","epoch":1}
            {"event":"epoch","epoch":2,"train_bpd":1.5,"validation_bpd":1.75,"rows_per_second":300}
            {"event":"early_stop","epoch":2,"best_epoch":2}

            """);

        XElement page = Report(Model(), Some.BinaryRows(_folder, variables: 12), "--log", log);

        Assert.That(Section(page, "training").Value, Does.Contain("epoch 2: train 1.5000, validation 1.7500").And.Not.Contain("9.5"));
        Assert.That(Section(page, "training").Value, Does.Not.Contain("epoch 3"));
        Assert.That(Fact(Section(page, "machine"), "training speed"), Is.EqualTo("150 rows a second"), "rows by time, over both epochs");
    }

    [TestCase("{\"epoch\":1}\nno json\n", "line 2 is not JSON")]
    [TestCase("", "has no epochs")]
    [TestCase("{\"loss\":1}\n", "has no epochs")]
    public void A_log_that_is_none_is_refused(string text, string sentence)
    {
        ToolRun run = ToolRun.InProcess(
            "report", Model(), "--data", Some.BinaryRows(_folder, variables: 12), "--log", _folder.Write("bad.jsonl", text), "--out", Page);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("bad.jsonl").And.Contain(sentence));
        Assert.That(File.Exists(Page), Is.False);
    }

    [Test]
    public void A_model_that_tells_nothing_of_its_training_has_a_report_all_the_same()
    {
        string model = _folder.File("bare.juice"), rows = _folder.Write("rows.csv", "0,0.5\n1,-2\n");
        using (Circuit circuit = Structures.Hclt([-1, 0], [new Bernoulli(), new Gaussian()], latents: 2, seed: 1)) circuit.Save(model);

        XElement page = Report(model, rows, "--shape", "2x1");

        Assert.That(page.Descendants("section").Select(section => section.Attribute("id")!.Value), Does.Not.Contain("training"));
        Assert.That(page.Descendants("header").Single().Value, Does.Not.Contain("needs"), "nobody can guess a continuous variable in bits");
        Assert.That(Section(page, "commands").Value, Does.Contain("does not tell how it was trained"));
    }

    [Test]
    public void Impossible_rows_are_counted_and_cost_infinitely_many_bits()
    {
        string rows = _folder.Write("odd.csv", "0,0\n2,1\n");

        XElement page = Report(Some.ModelThatNeverHas2(_folder), rows);

        Assert.That(Section(page, "rows").Value, Does.Contain("1 row of likelihood 0 is not in the picture."));
        Assert.That(Fact(Section(page, "model"), "bits per dimension"), Is.EqualTo("∞ on 2 rows"));
        Assert.That(page.Descendants("title").Select(title => title.Value), Has.Some.EndsWith(": 1 row").And.None.EndsWith(": 2 rows"));
        Assert.That(Section(page, "rows").Descendants("td").First().Value, Is.EqualTo("∞"));
    }

    [TestCase(2, "images of 5×5 have 25 variables", "--shape", "5x5")]
    [TestCase(2, "'page.pdf' should end in .html", "--out", "page.pdf")]
    [TestCase(1, "There is no file 'gone.jsonl'", "--log", "gone.jsonl")]
    public void What_makes_no_sense_is_refused_in_one_sentence(int code, string sentence, params string[] more)
    {
        string[] output = more.Contains("--out") ? [] : ["--out", Page];

        ToolRun run = ToolRun.InProcess(["report", Model(), "--data", Some.BinaryRows(_folder, variables: 12), .. output, .. more]);

        Assert.That(run.ExitCode, Is.EqualTo(code));
        Assert.That(run.Error, Does.StartWith("juice: ").And.Contain(sentence));
        Assert.That(File.Exists(Page), Is.False);
    }

    [Test]
    public void A_model_of_several_roots_is_refused()
    {
        Conformance answers = Conformance.Case(15);

        ToolRun run = ToolRun.InProcess("report", answers.Model, "--data", answers.Rows, "--out", Page);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("roots"));
    }
}
