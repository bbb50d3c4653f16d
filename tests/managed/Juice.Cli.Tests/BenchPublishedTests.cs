using System.Text.Json;

namespace Juice.Cli.Tests;

public class BenchPublishedTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    // The smallest published size of each family, with as many rows as make the numbers real and the test short.
    [Test]
    public void The_smallest_sizes_of_the_published_table_run_and_have_its_edges()
    {
        JsonElement json = ToolRun.Well(
            "bench", "table1", "--latents", "64,512", "--most-memory", "400M", "--batch", "8", "--rows", "64", "--seconds", "0", "--json").Json;

        JsonElement[] all = [.. json.GetProperty("cases").EnumerateArray()];
        JsonElement[] measured = [.. all.Where(one => !one.TryGetProperty("left_out", out _))];
        Assert.That(measured.Select(Name), Is.EqualTo(new[] { "hclt 64", "pd 64", "rat-spn 64", "hmm 512" }));
        Assert.That(all.Except(measured).Select(Name), Is.EqualTo(new[] { "hclt 512", "pd 512", "rat-spn 512" }), "more than 400 MiB");
        foreach (JsonElement one in measured)
        {
            // The HCLT's tree is that of a few drawn images here, with more leaves than MNIST's.
            double edges = one.GetProperty("edges").GetDouble(), published = one.GetProperty("published_edges").GetDouble();
            Assert.That(edges, Name(one) == "hclt 64" ? Is.InRange(published / 3, published) : Is.EqualTo(published).Within(1.5).Percent, Name(one));
            Assert.That(one.GetProperty("step_seconds").GetDouble(), Is.GreaterThan(one.GetProperty("limit_seconds").GetDouble() / 4), Name(one));
            Assert.That(one.GetProperty("epoch_seconds").GetDouble(), Is.EqualTo(one.GetProperty("step_seconds").GetDouble() * 60_000 / 8).Within(1e-6).Percent);
            Assert.That(one.GetProperty("peak_bytes").GetInt64(), Is.GreaterThan(4 * edges / (Name(one) == "hmm 512" ? 31 : 1)));
        }
    }

    [Test]
    public void The_table_stands_beside_the_published_seconds()
    {
        string[] lines = ToolRun.Well(
            "bench", "table1", "--families", "rat-spn", "--latents", "64,1024", "--most-memory", "400M", "--batch", "4", "--rows", "8", "--seconds", "0").Lines;

        Assert.That(lines, Has.Some.Match(@"^rat-spn +64 +616 thousand +616 thousand +4 +\d+\.\d\d +\d+\.\d\d +\d+\.\d +0\.6 +\d+ MiB$"));
        Assert.That(lines, Has.Some.Match(@"^rat-spn +1,024 +132 million +left out: needs about [\d.]+ GiB +13\.8 *$"));
    }

    [Test]
    public void The_best_batch_is_looked_for()
    {
        ToolRun run = ToolRun.Well(
            "bench", "table1", "--families", "rat-spn", "--latents", "64", "--batch", "auto", "--rows", "128", "--seconds", "0", "--json");

        Assert.That(run.Error, Does.Match(@"64 rows a step: [\d,]+ rows/s, 128 rows a step: [\d,]+ rows/s; (64|128) it is"));
        int batch = int.Parse(System.Text.RegularExpressions.Regex.Match(run.Error, @"(64|128) it is").Groups[1].Value);
        Assert.That(run.Json.GetProperty("cases")[0].GetProperty("rows").GetInt32(), Is.EqualTo(batch));
    }

    [TestCase("--batch much", "--batch takes a whole number, at least 1, or auto, not 'much'.\nTry 'juice bench table1 --help'.")]
    [TestCase("--families spn", "--families: there is no 'spn', but hclt, pd, rat-spn, hmm.")]
    [TestCase("--latents 65", "--latents: no family was published with 65.")]
    [TestCase("--rows 4 --batch 8", "--batch 8 is more than the 4 images.")]
    public void What_the_table_cannot_have_is_bad_usage(string options, string sentence)
    {
        ToolRun run = ToolRun.InProcess(["bench", "table1", .. options.Split(' ')]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, $"juice: {sentence}\n")));
    }

    [Test]
    public void The_published_training_ends_with_a_full_batch_and_goes_on_where_it_was_interrupted()
    {
        string images = Images(), whole = _folder.File("whole.juice"), parts = _folder.File("parts.juice");
        string[] options = ["--data", images, "--epochs", "6", "--threads", "1"];
        JsonElement json = ToolRun.Well(["bench", "mnist-hclt32", .. options, "--out", whole, "--json"]).Json;

        using (CancellationTokenSource soon = new())
        {
            using FileSystemWatcher watcher = new(_folder.Path, "*.checkpoint.juice") { EnableRaisingEvents = true };
            watcher.Renamed += (_, _) => soon.Cancel();
            watcher.Created += (_, _) => soon.Cancel();
            ToolRun stopped = ToolRun.InProcess(soon.Token, ["bench", "mnist-hclt32", .. options, "--checkpoint-every", "1", "--out", parts]);
            Assert.That(stopped.ExitCode == 1 || File.Exists(parts), Is.True, stopped.Error);
        }
        ToolRun resumed = ToolRun.Well(["bench", "mnist-hclt32", .. options, "--checkpoint-every", "1", "--out", parts, "--json"]);

        Assert.That(json.GetProperty("test_bpd").GetDouble(), Is.InRange(0.1, 8));
        Assert.That(resumed.Json.GetProperty("train_bpd").GetDouble(), Is.EqualTo(json.GetProperty("train_bpd").GetDouble()));
        Assert.That(resumed.Json.GetProperty("test_bpd").GetDouble(), Is.EqualTo(json.GetProperty("test_bpd").GetDouble()));
        Assert.That(Directory.GetFiles(_folder.Path, "*.checkpoint.juice"), Is.Empty);
    }

    [Test]
    public void The_published_training_wants_images_to_test_on()
    {
        ToolRun run = ToolRun.InProcess("bench", "mnist-hclt32", "--data", Some.BinaryRows(_folder), "--out", _folder.File("m.juice"));

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, "juice: --data: the benchmark needs images to train and to test on; 'rows.csv' has one part.\n")));
    }

    private static string Name(JsonElement one) => $"{one.GetProperty("family").GetString()} {one.GetProperty("latents").GetInt32()}";

    // A folder like MNIST's, of small images.
    private string Images()
    {
        string folder = Directory.CreateDirectory(_folder.File("images")).FullName;
        Random random = new(1);
        foreach ((string name, int count) in new[] { ("train-images-idx3-ubyte", 1500), ("t10k-images-idx3-ubyte", 200) })
        {
            byte[] pixels = new byte[count * 16];
            random.NextBytes(pixels);
            for (int i = 1; i < pixels.Length; i++) pixels[i] = i % 16 == 0 ? pixels[i] : (byte)((pixels[i] / 16 + pixels[i - 1]) / 2);
            File.WriteAllBytes(Path.Combine(folder, name), [0, 0, 8, 3, 0, 0, (byte)(count / 256), (byte)(count % 256), 0, 0, 0, 4, 0, 0, 0, 4, .. pixels]);
        }
        return folder;
    }
}
