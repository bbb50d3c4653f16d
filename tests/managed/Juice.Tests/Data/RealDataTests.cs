using Juice.Data;

namespace Juice.Tests.Data;

[Category("Data")]
public class RealDataTests
{
    private static string Folder
    {
        get
        {
            string? folder = Environment.GetEnvironmentVariable("JUICE_DATA");
            if (string.IsNullOrEmpty(folder)) Assert.Ignore("JUICE_DATA names no folder of data.");
            return folder!;
        }
    }

    [TestCase("nltcs", 16_181, 16)]
    [TestCase("dna", 1_600, 180)]
    [TestCase("ad", 2_461, 1_556)]
    public void The_twenty_binary_sets_are_read(string name, long rows, int variables)
    {
        Rows train = RowFiles.Load(Path.Combine(Folder, "twenty", name + ".ts.data.gz"));

        Assert.That((train.Count, train.Variables, train.ElementType), Is.EqualTo((rows, variables, RowElement.Byte)));
        Assert.That(RowSummary.Of(train).All, Is.EqualTo(new VariableSummary(0, 1, 0, Integral: true)));
    }

    [Test]
    public void Every_part_of_all_twenty_is_read_and_binary()
    {
        string[] files = Directory.GetFiles(Path.Combine(Folder, "twenty"), "*.data.gz");
        Assert.That(files, Has.Length.EqualTo(60));
        foreach (IGrouping<string, string> set in files.GroupBy(file => Path.GetFileName(file).Split('.')[0]))
        {
            Rows[] parts = [.. set.Select(file => RowFiles.Load(file))];
            Assert.That(parts.Select(part => part.Variables).Distinct().Count(), Is.EqualTo(1), set.Key);
            Assert.That(parts, Has.All.Matches<Rows>(part => RowSummary.Of(part!).All is { Minimum: >= 0, Maximum: 1, Missing: 0, Integral: true }), set.Key);
        }
    }

    [Test]
    public void Sentences_are_read_as_tokens()
    {
        string text = Path.Combine(Folder, "text");
        TextSchema schema = TextSchema.Discover(Path.Combine(text, "commongen.train.tgt.txt.gz"), new() { Length = 33 });
        Rows train = schema.Read(Path.Combine(text, "commongen.train.tgt.txt.gz")), dev = schema.Read(Path.Combine(text, "commongen.dev.tgt.txt.gz"));

        Assert.That((train.Count, dev.Count, schema.Tokens.Count), Is.EqualTo((39_069L, 4_018L, 10_460)));
        Assert.That(schema.NumberOf("town"), Is.GreaterThan(1));
    }

    [Test]
    public void Mnist_is_read()
    {
        (Rows train, Rows test) = Mnist.Load(Path.Combine(Folder, "mnist"));

        Assert.That((train.Count, train.Variables, test.Count), Is.EqualTo((60_000L, 784, 10_000L)));
        Assert.That(RowSummary.Of(test).All, Is.EqualTo(new VariableSummary(0, 255, 0, Integral: true)));
    }
}
