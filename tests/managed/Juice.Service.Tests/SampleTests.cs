using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Juice.Service.Tests;

public class SampleTests
{
    private const string Path = "/models/m/sample";

    [Test]
    public async Task Samples_given_a_seed_are_those_of_a_direct_call()
    {
        using TestService service = new();
        using HttpClient client = service.CreateClient();
        double[][] evidence = Some.Rows(7, seed: 1);

        double[][][] samples = await Sample(client, $"{{\"evidence\":{TestService.Json(evidence)},\"seed\":42,\"samples\":5}}");

        Assert.That(samples.SelectMany(row => row), Is.EqualTo(Direct(evidence, new() { Seed = 42, SamplesPerRow = 5 })));
        Assert.That(samples.Select(row => row.Length), Is.All.EqualTo(5));
        for (int row = 0; row < 7; row++)
            foreach (double[] sample in samples[row])
                for (int v = 0; v < Some.Variables; v++)
                    if (!double.IsNaN(evidence[row][v])) Assert.That(sample[v], Is.EqualTo(evidence[row][v]));
    }

    [Test]
    public async Task Requests_that_come_together_get_the_samples_that_each_would_get_alone()
    {
        using TestService service = new() { Settings = { ["Service:Workers"] = "3" } };
        using HttpClient client = service.CreateClient();

        await Parallel.ForAsync(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (i, _) =>
        {
            double[][] evidence = Some.Rows(1 + i % 5, seed: i);
            double[][][] samples = await Sample(client, $"{{\"evidence\":{TestService.Json(evidence)},\"seed\":{i % 3},\"samples\":2}}");
            Assert.That(samples.SelectMany(row => row), Is.EqualTo(Direct(evidence, new() { Seed = (ulong)(i % 3), SamplesPerRow = 2 })));
        });
    }

    [Test]
    public async Task Without_evidence_rows_are_drawn_whole_and_without_a_seed_the_response_tells_one()
    {
        using TestService service = new();
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage response = await TestService.Post(client, """{"samples":20,"temperature":0.5}""", Path);
        JsonElement body = await response.Content.ReadFromJsonAsync<JsonElement>();
        ulong seed = body.GetProperty("seed").GetUInt64();
        double[][] again = (await Sample(client, $"{{\"samples\":20,\"temperature\":0.5,\"seed\":{seed}}}"))[0];

        Assert.That(Read(body)[0], Is.EqualTo(again));
        double[] nothing = new double[Some.Variables];
        Array.Fill(nothing, double.NaN);
        Assert.That(again, Is.EqualTo(Direct([nothing], new() { Seed = seed, SamplesPerRow = 20, Temperature = 0.5 })));
        Assert.That(again.Distinct(EqualityComparer<double[]>.Create((a, b) => a!.SequenceEqual(b!), a => a[0].GetHashCode())).Count(), Is.GreaterThan(1));
    }

    [TestCase("{\"evidence\":[[0]]}", "The rows have 1 variables; the model has 10.")]
    [TestCase("{\"evidence\":[[0,0,0,0,9,0,0,0,0,0]]}", "row 0, column 4: 9 is not in 0 … 2")]
    [TestCase("{\"samples\":0}", "There are to be 0 samples; at least 1 is needed.")]
    [TestCase("{\"samples\":10001}", "10001 samples of 1 rows are too many; a request has at most 10000.")]
    [TestCase("{\"temperature\":-1}", "The temperature is -1; ")]
    [TestCase("{\"seed\":-1}", "The body is not the JSON that is asked for: ")]
    [TestCase("{\"sed\":1}", "There is no member 'sed'; there are: evidence, seed, samples, temperature.")]
    public async Task What_is_wrong_with_a_request_is_a_problem_with_one_sentence(string json, string sentence)
    {
        using TestService service = new();
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage response = await TestService.Post(client, json, Path);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await TestService.Sentence(response), Does.StartWith(sentence).And.Not.Contain("Parameter '"));
    }

    [Test]
    public async Task Evidence_that_is_impossible_is_named()
    {
        CircuitBuilder builder = new(variables: 2);
        int a = builder.Input(0, new Categorical(2), nodeBlocks: 1, blockSize: 1, parameters: [0, 1]);
        int b = builder.Input(1, new Categorical(2), nodeBlocks: 1, blockSize: 1, parameters: [0.5f, 0.5f]);
        builder.Product([a, b], nodeBlocks: 1, blockSize: 1);
        using Circuit circuit = builder.Build();
        using TestService service = new();
        service.Write(circuit);
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage response = await TestService.Post(client, """{"evidence":[[1,null],[0,null]]}""", Path);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await TestService.Sentence(response), Does.Contain("ow 1"));
    }

    [Test]
    public async Task More_requests_than_wait_are_turned_away()
    {
        using ManualResetEventSlim gate = new();
        using TestService service = new()
        {
            Settings = { ["Service:MaxQueuedSampleRequests"] = "1", ["Service:Workers"] = "1" },
            Replace = services => HeldModels.Replace(services, gate),
        };
        using HttpClient client = service.CreateClient();

        // One is held, one waits, and whichever comes third is too much.
        Task<HttpResponseMessage>[] asked = [.. Enumerable.Range(0, 3).Select(_ => TestService.Post(client, "{}", Path))];
        using HttpResponseMessage refused = await await Task.WhenAny(asked);
        gate.Set();
        HttpResponseMessage[] all = await Task.WhenAll(asked);

        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(refused.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(await TestService.Sentence(refused), Is.EqualTo("1 requests for samples wait already."));
        Assert.That(all.Count(response => response.StatusCode == HttpStatusCode.OK), Is.EqualTo(2));
        foreach (HttpResponseMessage response in all) response.Dispose();
    }

    private static async Task<double[][][]> Sample(HttpClient client, string json)
    {
        using HttpResponseMessage response = await TestService.Post(client, json, Path);
        Assert.That((int)response.StatusCode, Is.EqualTo(200), () => response.Content.ReadAsStringAsync().Result);
        return Read(await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    private static double[][][] Read(JsonElement body) => body.GetProperty("samples").Deserialize<double[][][]>()!;

    private static double[][] Direct(double[][] evidence, SampleOptions options)
    {
        using Circuit circuit = Some.Circuit(seed: 1);
        using CompiledCircuit model = circuit.Compile();
        Rows samples = model.Sample(Rows.Of(evidence), options);
        double[] all = new double[samples.Count * samples.Variables];
        samples.CopyTo(0, all);
        return [.. all.Chunk(samples.Variables)];
    }
}
