using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using Juice.Data;

namespace Juice.Tests.Data;

[NonParallelizable] // environment variables are the process's
public class DataSetTests
{
    private const string Variable = "JUICE_DATA_MADE_UP";

    private static readonly byte[] s_train = Made.Idx(0x08, [3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    private static readonly byte[] s_test = Made.Idx(0x08, [1, 2, 2], [255, 0, 255, 0]);

    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder()
    {
        Environment.SetEnvironmentVariable(Variable, null);
        _folder.Dispose();
    }

    private string WriteSet(string name, bool gzipped = true)
    {
        string folder = Directory.CreateDirectory(_folder.File(name)).FullName;
        string ending = gzipped ? ".gz" : "";
        File.WriteAllBytes(Path.Combine(folder, "train-images-idx3-ubyte" + ending), gzipped ? Made.Gzip(s_train) : s_train);
        File.WriteAllBytes(Path.Combine(folder, "t10k-images-idx3-ubyte" + ending), gzipped ? Made.Gzip(s_test) : s_test);
        return folder;
    }

    private DataSetSource Source(
        string? systemFolder = null, Func<HttpRequestMessage, HttpResponseMessage>? answer = null, byte[]? expectedTest = null) =>
        new("made-up", Variable, systemFolder, answer is null ? [] :
        [
            new Download("train-images-idx3-ubyte.gz", new Uri("https://example.org/train.gz"), Sha256(s_train)),
            new Download("t10k-images-idx3-ubyte.gz", new Uri("https://example.org/test.gz"), Sha256(expectedTest ?? s_test)),
        ])
        {
            CacheFolder = _folder.File("cache/made-up"),
            Handler = () => new Answering(answer!),
        };

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    [TestCase(true)]
    [TestCase(false)]
    public void A_folder_with_the_files_is_a_data_set(bool gzipped)
    {
        DataSet set = DataSets.LoadFolder(WriteSet("things", gzipped));

        Assert.That(set.Name, Is.EqualTo("things"));
        Assert.That((set.Train.Count, set.Train.Variables, set.Test.Count), Is.EqualTo((3L, 4, 1L)));
        Assert.That(set.Train.Categories, Is.EqualTo(256));
        Assert.That(set.Test.Entries(), Is.EqualTo(new double[] { 255, 0, 255, 0 }));
    }

    [Test]
    public void Fashion_Mnist_and_Mnist_take_a_folder()
    {
        string folder = WriteSet("things");

        Assert.That(FashionMnist.Load(folder).Train.Count, Is.EqualTo(3));
        Assert.That(Mnist.Load(folder).Test.Count, Is.EqualTo(1));
    }

    [Test]
    public void A_folder_that_lacks_a_file_names_it()
    {
        string folder = WriteSet("things");
        File.Delete(Path.Combine(folder, "t10k-images-idx3-ubyte.gz"));

        Assert.That(() => FashionMnist.Load(folder),
            Throws.TypeOf<FileNotFoundException>().With.Message.Contains("t10k-images-idx3-ubyte").And.Message.Contains(folder));
    }

    [Test]
    public void Images_are_of_bytes_and_of_one_size()
    {
        string folder = WriteSet("things");
        string test = Path.Combine(folder, "t10k-images-idx3-ubyte.gz");

        File.WriteAllBytes(test, Made.Idx(0x0C, [1, 1, 1], new byte[4]));
        Assert.That(() => FashionMnist.Load(folder), Throws.TypeOf<InvalidDataException>().With.Message.Contains("of bytes"));
        File.WriteAllBytes(test, Made.Idx(0x08, [1, 3, 3], new byte[9]));
        Assert.That(() => FashionMnist.Load(folder),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("4 pixels").And.Message.Contains("9"));
    }

    [Test]
    public async Task The_variable_comes_before_the_system_and_the_system_before_the_cache()
    {
        string variable = WriteSet("variable"), system = WriteSet("system");
        File.WriteAllBytes(Path.Combine(variable, "t10k-images-idx3-ubyte.gz"), Made.Idx(0x08, [2, 2, 2], new byte[8]));
        WriteSet("cache/made-up");
        File.WriteAllBytes(_folder.File("cache/made-up/t10k-images-idx3-ubyte.gz"), Made.Idx(0x08, [3, 2, 2], new byte[12]));

        Assert.That((await Source(_folder.File("nowhere")).LoadAsync(null, null, default)).Test.Count, Is.EqualTo(3), "cache");
        Assert.That((await Source(system).LoadAsync(null, null, default)).Test.Count, Is.EqualTo(1), "system");
        Environment.SetEnvironmentVariable(Variable, variable);
        Assert.That((await Source(system).LoadAsync(null, null, default)).Test.Count, Is.EqualTo(2), "variable");
        Environment.SetEnvironmentVariable(Variable, _folder.File("nowhere"));
        Assert.That(async () => await Source(system).LoadAsync(null, null, default), Throws.TypeOf<FileNotFoundException>(),
            "a variable that is wrong is not passed over");
    }

    [Test]
    public void A_set_that_is_nowhere_and_not_on_the_web_says_where_to_put_it() =>
        Assert.That(async () => await Source().LoadAsync(null, null, default),
            Throws.TypeOf<FileNotFoundException>().With.Message.Contains(Variable).And.Message.Contains(_folder.File("cache/made-up")));

    [Test]
    public async Task What_is_nowhere_is_downloaded_once_and_checked()
    {
        List<string> asked = [], told = [];
        DataSetSource source = Source(answer: request =>
        {
            asked.Add(request.RequestUri!.AbsolutePath);
            return Ok(Made.Gzip(request.RequestUri.AbsolutePath == "/train.gz" ? s_train : s_test));
        });

        DataSet set = await source.LoadAsync(null, new Heard<DownloadProgress>(progress => told.Add(progress.File)), default);
        await source.LoadAsync(null, null, default);

        Assert.That((set.Train.Count, set.Test.Count), Is.EqualTo((3L, 1L)));
        Assert.That(asked, Is.EqualTo(new[] { "/train.gz", "/test.gz" }));
        Assert.That(told.Distinct(), Is.EqualTo(new[] { "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz" }));
    }

    [Test]
    public void A_file_with_another_checksum_never_reaches_the_cache()
    {
        DataSetSource source = Source(
            answer: request => Ok(Made.Gzip(request.RequestUri!.AbsolutePath == "/train.gz" ? s_train : s_test)), expectedTest: s_train);

        Assert.That(async () => await source.LoadAsync(null, null, default),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("SHA-256").And.Message.Contains("test.gz"));
        Assert.That(CachedFiles(), Is.EqualTo(new[] { "train-images-idx3-ubyte.gz" }));
    }

    [Test]
    public void An_answer_that_is_not_gzipped_is_refused()
    {
        DataSetSource source = Source(answer: _ => Ok(Made.Text("<html>captive portal</html>")));

        Assert.That(async () => await source.LoadAsync(null, null, default),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("did not send"));
        Assert.That(CachedFiles(), Is.Empty);
    }

    [Test]
    public void A_server_that_says_no_is_an_io_error_with_the_way_out()
    {
        DataSetSource source = Source(answer: _ => new HttpResponseMessage(HttpStatusCode.NotFound));

        Assert.That(async () => await source.LoadAsync(null, null, default),
            Throws.TypeOf<IOException>().With.Message.Contains("404").And.Message.Contains(Variable));
        Assert.That(CachedFiles(), Is.Empty);
    }

    [Test]
    public void A_download_can_be_cancelled()
    {
        using CancellationTokenSource stop = new();
        DataSetSource source = Source(answer: _ =>
        {
            stop.Cancel();
            return Ok(Made.Gzip(s_train));
        });

        Assert.That(async () => await source.LoadAsync(null, null, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(CachedFiles(), Is.Empty);
    }

    [Test]
    public void Unknown_names_are_answered_with_the_known_ones() =>
        Assert.That(async () => await DataSets.LoadAsync("cifar"), Throws.ArgumentException.With.Message.Contains("fashion-mnist and mnist"));

    [Test]
    public void Debian_s_package_is_what_a_download_would_be()
    {
        const string folder = "/usr/share/datasets/fashion-mnist";
        if (!Directory.Exists(folder)) Assert.Ignore("The package dataset-fashion-mnist is not installed.");

        (Rows train, Rows test) = FashionMnist.Load(folder);

        Assert.That((train.Count, train.Variables, test.Count), Is.EqualTo((60_000L, 784, 10_000L)));
        foreach (Download download in FashionMnist.Source.Downloads)
        {
            using GZipStream unpacked = new(File.OpenRead(Path.Combine(folder, download.File)), CompressionMode.Decompress);
            Assert.That(Convert.ToHexStringLower(SHA256.HashData(unpacked)), Is.EqualTo(download.UnpackedSha256));
            Assert.That(download.Address.Scheme, Is.EqualTo("https"));
        }
    }

    private string[] CachedFiles()
    {
        string cache = _folder.File("cache/made-up");
        return Directory.Exists(cache) ? [.. Directory.GetFiles(cache).Select(file => Path.GetFileName(file)!)] : [];
    }

    private static HttpResponseMessage Ok(byte[] content) => new(HttpStatusCode.OK) { Content = new ByteArrayContent(content) };

    private sealed class Answering(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(answer(request));
    }
}
