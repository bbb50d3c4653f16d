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
    public void Mnist_is_read()
    {
        (Rows train, Rows test) = Mnist.Load(Path.Combine(Folder, "mnist"));

        Assert.That((train.Count, train.Variables, test.Count), Is.EqualTo((60_000L, 784, 10_000L)));
        Assert.That(RowSummary.Of(test).All, Is.EqualTo(new VariableSummary(0, 255, 0, Integral: true)));
    }
}
