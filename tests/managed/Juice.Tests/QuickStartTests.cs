namespace Juice.Tests;

[NonParallelizable]
public class QuickStartTests
{
    [Test]
    public void The_first_program_runs_learns_and_saves_its_model()
    {
        using TemporaryFolder folder = new();
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = folder.Path;

            Assert.That(QuickStart.Run(), Is.LessThan(2.2), "bits a variable of 8 categories");
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
        using Circuit circuit = Circuit.Load(folder.File("fashion.juice"));
        Assert.That(circuit.Variables, Is.EqualTo(25));
    }

    [Test]
    public void The_readme_shows_the_program_that_runs_here()
    {
        string[] source = File.ReadAllLines(Repository.PathTo("tests", "managed", "Juice.Tests", "QuickStart.cs"));
        int from = Array.FindIndex(source, line => line.Contains("<quick-start>")), to = Array.FindIndex(source, line => line.Contains("</quick-start>"));
        string[] program = ["using Juice;", .. source[(from + 1)..to].Select(line => line.Trim())];
        string readme = string.Join('\n', File.ReadLines(Repository.PathTo("README.md")).Select(line => line.Trim()).Where(line => line.Length > 0));

        Assert.That(readme, Does.Contain(string.Join('\n', program)));
    }
}
