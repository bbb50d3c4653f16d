using System.IO.Compression;
using Juice.Data;

namespace Juice.Cli.Tests;

public class LogLikelihoodTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Numbers_are_those_of_the_library_to_the_last_bit()
    {
        Conformance answers = Conformance.Case(0);
        using Circuit circuit = Circuit.Load(answers.Model);
        using CompiledCircuit model = circuit.Compile();

        Assert.That(Conformance.Printed(ToolRun.Well("loglik", answers.Model, answers.Rows)),
            Is.EqualTo(model.LogLikelihood(RowFiles.Load(answers.Rows))));
    }

    [Test]
    public void An_impossible_row_is_minus_infinity()
    {
        Conformance answers = Conformance.Case(12);

        Assert.That(ToolRun.Well("loglik", answers.Model, answers.Rows).Lines, Has.Some.EqualTo("-inf"));
    }

    [Test]
    public void Several_roots_stand_on_one_line()
    {
        Conformance answers = Conformance.Case(15);

        Assert.That(ToolRun.Well("loglik", answers.Model, answers.Rows).Lines.Select(line => line.Split(',').Length), Has.All.EqualTo(3));
    }

    [Test]
    public void Every_kind_of_file_gives_the_same_lines()
    {
        string model = Some.Model(_folder), csv = Some.BinaryRows(_folder);
        string npy = _folder.File("rows.npy"), gz = _folder.File("rows.csv.gz"), named = _folder.File("header.csv");
        string expected = ToolRun.Well("loglik", model, csv).Out;
        ToolRun.Well("data", csv, "--export", npy);
        using (FileStream file = File.Create(gz))
        using (GZipStream packed = new(file, CompressionLevel.Fastest)) packed.Write(File.ReadAllBytes(csv));
        File.WriteAllText(named, "a,b,c,d,e,f\n" + File.ReadAllText(csv));

        Assert.That(ToolRun.Well("loglik", model, npy).Out, Is.EqualTo(expected));
        Assert.That(ToolRun.Well("loglik", model, gz).Out, Is.EqualTo(expected));
        Assert.That(ToolRun.Well("loglik", model, named, "--header").Out, Is.EqualTo(expected));
        Assert.That(ToolRun.Well("loglik", model, csv, "--rows", "7").Lines, Is.EqualTo(expected.Split('\n')[..7]));
        Assert.That(ToolRun.Well("loglik", model, csv, "--threads", "1", "--memory-limit", "16M").Out, Is.EqualTo(expected));
        Assert.That(ToolRun.Well("loglik", model, csv, "--precision", "fast").Out, Is.EqualTo(expected), "the processor is exact either way");
    }

    [Test]
    public void Missing_entries_are_summed_out()
    {
        string model = Some.Model(_folder);

        double[] values = Conformance.Printed(ToolRun.Well("loglik", model, _folder.Write("m.csv", ",,,,,\n0,,,,,\n1,,,,,\n")));

        Assert.That(values[0], Is.EqualTo(0).Within(1e-5));
        Assert.That(Math.Exp(values[1]) + Math.Exp(values[2]), Is.EqualTo(1).Within(1e-5));
    }

    [TestCase("0,1,0,1,0\n", "has 6 variables", "bad.csv has 5")]
    [TestCase("0,1,0,1,0,2\n", "bad.csv: row 0, column 5", "2")]
    [TestCase("0,1,0,1,0,0.5\n", "column 5", "0.5")]
    [TestCase("0,1,0,1,0,-1\n", "column 5", "-1")]
    public void Rows_that_do_not_fit_the_model_are_named(string row, params string[] parts)
    {
        ToolRun run = ToolRun.InProcess("loglik", Some.Model(_folder), _folder.Write("bad.csv", row));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.StartWith("juice: "));
        foreach (string part in parts) Assert.That(run.Error, Does.Contain(part));
        Assert.That(run.Error, Does.Not.Contain("Parameter").And.Not.Contain("   at "));
        Assert.That(run.Out, Is.Empty);
    }

    [Test]
    public void A_file_that_is_no_model_is_refused_with_a_sentence()
    {
        ToolRun run = ToolRun.InProcess("loglik", _folder.Write("m.juice", "not a model at all"), Some.BinaryRows(_folder));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.StartWith("juice: ").And.Contain("m.juice"));
    }
}
