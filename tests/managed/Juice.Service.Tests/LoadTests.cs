using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Juice.Service.Tests;

/// <summary>
/// The real service on loopback, asked by several clients at once without a pause. JUICE_LOAD_SECONDS says for how long, 5 s by default.
/// </summary>
[Category("Load")]
[NonParallelizable]
public class LoadTests
{
    private const int Clients = 8;
    private const int Variables = 100;
    private const int MostRows = 16;

    private readonly string _folder = Directory.CreateTempSubdirectory("juice-load-tests-").FullName;
    private double[][] _rows;
    private double[] _expected;

    private string ModelPath => Path.Combine(_folder, "m.juice");

    [OneTimeSetUp]
    public void Make()
    {
        using Circuit circuit = Some.Circuit(seed: 1, Variables, latents: 32, categories: 16);
        circuit.Save(ModelPath);
        _rows = Some.Rows(2000, seed: 1, Variables, categories: 16);
        _expected = Some.Direct(circuit, _rows);
    }

    [OneTimeTearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestCase(false)]
    [TestCase(true, Explicit = true, Reason = "to compare with")]
    public async Task Under_load_every_answer_is_that_of_a_direct_call(bool oneByOne)
    {
        string[] settings = oneByOne ? ["--Service:MaxBatchRows=1"] : [];
        var (service, address) = await ServiceProcess.StartAsync([$"--Juice:Models:m:Path={ModelPath}", .. settings]);
        using (service)
        {
            double seconds = double.Parse(Environment.GetEnvironmentVariable("JUICE_LOAD_SECONDS") ?? "5", CultureInfo.InvariantCulture);
            using HttpClient http = new() { BaseAddress = address, Timeout = TimeSpan.FromMinutes(3) };
            await Ask(http, first: 0, count: 1); // connections, the first compilation of everything
            long start = Stopwatch.GetTimestamp();
            Task<Tally>[] clients = [.. Enumerable.Range(0, Clients).Select(client => Task.Run(() => AskFor(http, TimeSpan.FromSeconds(seconds), client)))];
            Tally[] tallies = await Task.WhenAll(clients);
            double took = Stopwatch.GetElapsedTime(start).TotalSeconds;

            double[] latencies = [.. tallies.SelectMany(tally => tally.Milliseconds).Order()];
            long rows = tallies.Sum(tally => tally.Rows);
            string limit = oneByOne ? "a call a request" : "batched";
            await TestContext.Progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"Load, {limit}: {Clients} clients for {took:F1} s, {latencies.Length} requests of 1 to {MostRows} rows, {latencies.Length / took:F0} requests/s, "
                + $"{rows / took:F0} rows/s, p50 {Quantile(latencies, 0.5):F2} ms, p99 {Quantile(latencies, 0.99):F2} ms, no error"));
            Assert.That(latencies, Is.Not.Empty);
            Assert.That(await service.StopAsync(), Is.Zero, service.Output);
        }
    }

    [Test]
    public async Task Who_was_let_in_is_answered_before_the_service_ends()
    {
        var (service, address) = await ServiceProcess.StartAsync($"--Juice:Models:m:Path={ModelPath}", "--Service:MaxWait=00:00:04", "--Service:Workers=1");
        using (service)
        {
            using HttpClient http = new() { BaseAddress = address, Timeout = TimeSpan.FromMinutes(3) };
            await Ask(http, first: 0, count: 1);

            // The batch waits for four seconds, long enough for the signal to come first.
            Task asked = Ask(http, first: 7, count: 9);
            await Task.Delay(1500);
            int status = await service.StopAsync();
            await asked;

            Assert.That(status, Is.Zero, service.Output);
            Assert.That(async () => await Ask(http, first: 0, count: 1), Throws.InstanceOf<HttpRequestException>());
        }
    }

    private async Task<Tally> AskFor(HttpClient http, TimeSpan time, int client)
    {
        Random random = new(client);
        Tally tally = new();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            int count = random.Next(1, MostRows + 1), first = random.Next(_rows.Length - count + 1);
            long asked = Stopwatch.GetTimestamp();
            await Ask(http, first, count);
            tally.Milliseconds.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            tally.Rows += count;
        }
        return tally;
    }

    // Asks, and compares every bit.
    private async Task Ask(HttpClient http, int first, int count)
    {
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes($"{{\"rows\":{TestService.Json(_rows[first..(first + count)])}}}"));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await http.PostAsync(new Uri("/models/m/log-likelihood", UriKind.Relative), content);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.That(response.IsSuccessStatusCode, Is.True, () => Encoding.UTF8.GetString(body));
        using JsonDocument json = JsonDocument.Parse(body);
        int at = first;
        foreach (JsonElement value in json.RootElement.GetProperty("logLikelihood").EnumerateArray())
            if (value.GetDouble() != _expected[at++]) Assert.Fail($"Row {at - 1} is {value.GetDouble():R} and should be {_expected[at - 1]:R}.");
        Assert.That(at, Is.EqualTo(first + count));
    }

    private static double Quantile(double[] sorted, double quantile) => sorted[(int)Math.Min(sorted.Length - 1, Math.Ceiling(quantile * sorted.Length) - 1)];

    private sealed class Tally
    {
        public List<double> Milliseconds { get; } = [];

        public long Rows { get; set; }
    }
}
