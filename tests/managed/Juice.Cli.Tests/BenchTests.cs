using System.Text.Json;

namespace Juice.Cli.Tests;

public class BenchTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Json_holds_a_case_for_every_batch_and_thread_count_and_two_queries()
    {
        string rows = Some.BinaryRows(_folder);

        JsonElement json = ToolRun.Well(
            "bench", "--data", rows, "--latents", "3,5", "--batch", "7,100", "--threads", "1,2", "--seconds", "0", "--json").Json;

        Assert.That(json.GetProperty("machine").EnumerateArray().Select(machine => machine.GetProperty("threads").GetInt32()), Is.EqualTo(new[] { 1, 2 }));
        foreach (JsonElement machine in json.GetProperty("machine").EnumerateArray())
        {
            Assert.That(machine.GetProperty("matrix_flop_per_second").GetDouble(), Is.GreaterThan(1e7));
            Assert.That(machine.GetProperty("copy_bytes_per_second").GetDouble(), Is.GreaterThan(1e7));
        }
        JsonElement[] cases = [.. json.GetProperty("cases").EnumerateArray()];
        Assert.That(
            cases.Where(one => one.GetProperty("what").GetString() == "training step")
                .Select(one => (Int(one, "latents"), Int(one, "threads"), Int(one, "rows"))),
            Is.EqualTo(new[] { (3, 1, 7), (3, 1, 100), (3, 2, 7), (3, 2, 100), (5, 1, 7), (5, 1, 100), (5, 2, 7), (5, 2, 100) }));
        Assert.That(
            cases.Where(one => one.GetProperty("what").GetString() == "query").Select(one => (Int(one, "latents"), Int(one, "rows"))),
            Is.EqualTo(new[] { (3, 1), (3, 400), (5, 1), (5, 400) }), "the file has 400 rows");
        foreach (JsonElement one in cases)
        {
            Assert.That(one.GetProperty("median_seconds").GetDouble(), Is.Positive);
            Assert.That(one.GetProperty("limit_seconds").GetDouble(), Is.Positive);
            Assert.That(
                one.GetProperty("share_of_matrix_rate").GetDouble(),
                Is.EqualTo(one.GetProperty("flop").GetDouble() / one.GetProperty("median_seconds").GetDouble() / Rate(json, Int(one, "threads")))
                    .Within(1e-9).Percent);
        }
    }

    [Test]
    public void Text_is_a_table_beside_the_machine_s_limits()
    {
        string[] lines = ToolRun.Well("bench", "--rows", "64", "--latents", "2", "--batch", "16", "--threads", "1", "--seconds", "0").Lines;

        Assert.That(lines[0], Does.Match("^HCLT over drawn images, (avx512|avx2|portable)$"));
        Assert.That(lines[1], Does.Match(@"^1 thread: matrix rate \d+ GFLOP/s, copy rate \d+\.\d GB/s$"));
        Assert.That(lines, Has.Some.Match(@"^what +latents +rows +threads +median ms +99 % ms +rows/s +GFLOP/s +of matrix rate +limit ms$"));
        Assert.That(lines, Has.Exactly(1).Match(@"^training step +2 +16 +1 +\d+\.\d{3} +[\d,]+ +\d+\.\d +\d+ % +\d+\.\d{3}$"));
        Assert.That(lines, Has.Exactly(2).Match(@"^query +2 +(1|64) +1 +\d+\.\d{3} +\d+\.\d{3} +[\d,]+ +\d+\.\d +\d+ % +\d+\.\d{3}$"));
    }

    private static int Int(JsonElement one, string name) => one.GetProperty(name).GetInt32();

    private static double Rate(JsonElement json, int threads) => json.GetProperty("machine").EnumerateArray()
        .Single(machine => machine.GetProperty("threads").GetInt32() == threads).GetProperty("matrix_flop_per_second").GetDouble();
}
