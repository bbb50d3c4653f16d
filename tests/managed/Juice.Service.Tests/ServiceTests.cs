using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Juice.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection;

namespace Juice.Service.Tests;

public class ServiceTests
{
    [Test]
    public async Task Log_likelihoods_are_those_of_direct_calls_bit_for_bit()
    {
        using TestService service = new();
        using HttpClient client = service.CreateClient();

        foreach (int count in new[] { 1, 7, 100, 500 })
        {
            double[][] rows = Some.Rows(count, seed: count);
            Assert.That((await TestService.Ask(client, rows)).Values, Is.EqualTo(Some.Direct(1, rows)), $"{count} rows");
        }
    }

    [Test]
    public async Task Requests_that_come_together_get_what_each_would_get_alone()
    {
        using TestService service = new() { Settings = { ["Service:MaxWait"] = "00:00:00.020", ["Service:Workers"] = "1" } };
        using HttpClient client = service.CreateClient();

        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            double[][] rows = Some.Rows(1 + i % 9, seed: i);
            if (i % 10 == 3)
            {
                rows[^1][3] = 99; // a neighbour that breaks a rule
                using HttpResponseMessage response = await TestService.Post(client, $"{{\"rows\":{TestService.Json(rows)}}}");
                Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
                Assert.That(await TestService.Sentence(response), Does.StartWith($"row {rows.Length - 1}, column 3: 99 is not in 0 … 2"));
            }
            else
            {
                Assert.That((await TestService.Ask(client, rows)).Values, Is.EqualTo(Some.Direct(1, rows)));
            }
        });
    }

    [Test]
    public async Task Several_roots_have_several_log_likelihoods_and_impossible_rows_minus_infinity()
    {
        CircuitBuilder builder = new(variables: 1);
        builder.Input(0, new Categorical(3), nodeBlocks: 1, blockSize: 2, parameters: [0.5f, 0.5f, 0, 0.25f, 0.5f, 0.25f]);
        using Circuit circuit = builder.Build();
        using TestService service = new();
        service.Write(circuit);
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage response = await TestService.Post(client, """{"rows":[[0],[2],[null]]}""");
        JsonElement body = await response.Content.ReadFromJsonAsync<JsonElement>();
        var (values, _) = await TestService.Ask(client, [[0], [2], [double.NaN]]);

        Assert.That(body.GetProperty("roots").GetInt32(), Is.EqualTo(2));
        Assert.That(body.GetProperty("logLikelihood")[2].GetString(), Is.EqualTo("-Infinity"));
        Assert.That(values, Is.EqualTo(Some.Direct(circuit, [[0], [2], [double.NaN]])));
        Assert.That(values, Is.EqualTo(new[] { Math.Log(0.5), Math.Log(0.25), double.NegativeInfinity, Math.Log(0.25), 0, 0 }).Within(1e-6));
    }

    [TestCase("", "The body is not the JSON that is asked for: ")]
    [TestCase("{\"rows\":[[0,", "The body is not the JSON that is asked for: ")]
    [TestCase("null", "The body is null.")]
    [TestCase("{}", "The member 'rows' is missing: an array of rows.")]
    [TestCase("{\"rows\":null}", "The member 'rows' is missing: an array of rows.")]
    [TestCase("{\"rows\":7}", "Rows are an array of rows.")]
    [TestCase("{\"rows\":[]}", "There are no rows, or they have no entries.")]
    [TestCase("{\"rows\":[[],[]]}", "There are no rows, or they have no entries.")]
    [TestCase("{\"rows\":[1,2]}", "Row 0 is no array.")]
    [TestCase("{\"rows\":[[0,1],[0]]}", "Row 1 has 1 entries, row 0 has 2.")]
    [TestCase("{\"rows\":[[0,\"1\"]]}", "Row 0, column 1: an entry is a number, or null where it is missing.")]
    [TestCase("{\"rows\":[[0,1]]}", "rows.variables: the rows have 2 columns, the circuit has 10 variables")]
    [TestCase("{\"rows\":[[0,0,0,0,0,0,0,0,0,0.5]]}", "row 0, column 9: 0.5 is not a whole number in 0 … 2")]
    [TestCase("{\"rows\":[[0,0,0,0,0,0,0,0,0,1e999]]}", "row 0, column 9: inf is not in 0 … 2")]
    [TestCase("{\"rows\":[[0]],\"seed\":1}", "There is no member 'seed'; there are: rows.")]
    public async Task What_is_wrong_with_a_request_is_a_problem_with_one_sentence(string json, string sentence)
    {
        using TestService service = new();
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage response = await TestService.Post(client, json);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await TestService.Sentence(response), Does.StartWith(sentence).And.Not.Contain("Parameter '"));
    }

    [Test]
    public async Task More_rows_than_a_request_may_have_are_refused()
    {
        using TestService service = new() { Settings = { ["Service:MaxRequestRows"] = "5" } };
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage response = await TestService.Post(client, $"{{\"rows\":{TestService.Json(Some.Rows(6, seed: 1))}}}");

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await TestService.Sentence(response), Is.EqualTo("There are 6 rows; a request has at most 5."));
        Assert.That((await TestService.Ask(client, Some.Rows(5, seed: 1))).Values, Has.Length.EqualTo(5));
    }

    [Test]
    public async Task A_body_that_is_too_large_is_refused_by_the_server()
    {
        using TestService service = new() { Settings = { ["Service:MaxRequestBytes"] = "1000" } };
        service.UseKestrel(0);
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage response = await TestService.Post(client, $"{{\"rows\":{TestService.Json(Some.Rows(100, seed: 1))}}}");

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
        Assert.That(await TestService.Sentence(response), Is.Not.Empty);
        Assert.That((await TestService.Ask(client, Some.Rows(5, seed: 1))).Values, Has.Length.EqualTo(5));
    }

    [Test]
    public async Task A_service_that_has_too_much_to_do_says_so_and_when_to_come_back()
    {
        using ManualResetEventSlim gate = new();
        using TestService service = new()
        {
            Settings = { ["Service:MaxQueuedRows"] = "10", ["Service:MaxRequestRows"] = "10", ["Service:Workers"] = "1", ["Service:MaxBatchRows"] = "1" },
            Replace = services => HeldModels.Replace(services, gate),
        };
        using HttpClient client = service.CreateClient();

        // One is held with its worker. Of two more one waits, and the other, whichever comes later, is too much.
        Task<(double[] Values, int Generation)> held = TestService.Ask(client, Some.Rows(6, seed: 0));
        HeldModel model = (HeldModel)service.Services.GetRequiredService<IJuiceModels>()["m"];
        await Until(() => Task.FromResult(model.Asked == 1));
        string waiting = $"{{\"rows\":{TestService.Json(Some.Rows(6, seed: 1))}}}";
        List<Task<HttpResponseMessage>> asked = [TestService.Post(client, waiting), TestService.Post(client, waiting)];
        Task<HttpResponseMessage> first = await Task.WhenAny(asked);
        gate.Set();
        using HttpResponseMessage refused = await first;
        asked.Remove(first);
        using HttpResponseMessage answered = await asked[0];

        Assert.That(refused.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(await TestService.Sentence(refused), Is.EqualTo("6 rows wait for the model 'm' already; 10 may."));
        Assert.That(answered.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await held).Values, Is.EqualTo(Some.Direct(1, Some.Rows(6, seed: 0))));
        Assert.That((await TestService.Ask(client, Some.Rows(6, seed: 9))).Values, Has.Length.EqualTo(6));
    }

    [Test]
    public async Task Models_are_listed_with_what_they_are()
    {
        using TestService service = new() { Settings = { ["Juice:Models:broken:Path"] = "nowhere.juice" } };
        using HttpClient client = service.CreateClient();

        JsonElement all = await client.GetFromJsonAsync<JsonElement>(new Uri("/models", UriKind.Relative));
        JsonElement one = await client.GetFromJsonAsync<JsonElement>(new Uri("/models/m", UriKind.Relative));

        Assert.That(all.EnumerateArray().Select(model => model.GetProperty("name").GetString()), Is.EqualTo(new[] { "broken", "m" }));
        Assert.That(all[0].GetProperty("state").GetString(), Is.EqualTo("Failed"));
        Assert.That(all[0].GetProperty("error").GetString(), Does.Contain("nowhere.juice"));
        Assert.That(one.GetProperty("state").GetString(), Is.EqualTo("Loaded"));
        Assert.That((one.GetProperty("variables").GetInt32(), one.GetProperty("roots").GetInt32()), Is.EqualTo((Some.Variables, 1)));
        Assert.That(one.GetProperty("device").GetString(), Is.EqualTo("cpu"));
    }

    [Test]
    public async Task Models_that_are_not_there_or_not_to_be_had_say_so()
    {
        using TestService service = new() { Settings = { ["Juice:Models:broken:Path"] = "nowhere.juice" } };
        using HttpClient client = service.CreateClient();

        using HttpResponseMessage unknown = await TestService.Post(client, """{"rows":[[0]]}""", "/models/x/log-likelihood");
        using HttpResponseMessage broken = await TestService.Post(client, """{"rows":[[0]]}""", "/models/broken/log-likelihood");
        using HttpResponseMessage elsewhere = await client.GetAsync(new Uri("/nothing", UriKind.Relative));

        Assert.That((unknown.StatusCode, broken.StatusCode, elsewhere.StatusCode),
            Is.EqualTo((HttpStatusCode.NotFound, HttpStatusCode.ServiceUnavailable, HttpStatusCode.NotFound)));
        Assert.That(await TestService.Sentence(unknown), Is.EqualTo("There is no model 'x'; there are: broken, m."));
        Assert.That(await TestService.Sentence(broken), Does.Contain("nowhere.juice"));
    }

    [Test]
    public async Task Health_tells_whether_the_models_are_well_and_liveness_does_not()
    {
        using TestService service = new();
        using HttpClient client = service.CreateClient();
        string healthy = await client.GetStringAsync(new Uri("/health", UriKind.Relative));

        service.WriteText("broken");
        await Until(async () => await client.GetStringAsync(new Uri("/health", UriKind.Relative)) == "Degraded");
        Assert.That((await TestService.Ask(client, Some.Rows(3, seed: 1))).Values, Is.EqualTo(Some.Direct(1, Some.Rows(3, seed: 1))));
        service.Write(seed: 2);
        await Until(async () => await client.GetStringAsync(new Uri("/health", UriKind.Relative)) == "Healthy");

        using TestService sick = new() { Settings = { ["Juice:Models:broken:Path"] = "nowhere.juice" } };
        using HttpClient sickClient = sick.CreateClient();
        using HttpResponseMessage health = await sickClient.GetAsync(new Uri("/health", UriKind.Relative));
        using HttpResponseMessage live = await sickClient.GetAsync(new Uri("/health/live", UriKind.Relative));

        Assert.That(healthy, Is.EqualTo("Healthy"));
        Assert.That((health.StatusCode, live.StatusCode), Is.EqualTo((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK)));
    }

    [Test]
    public async Task Models_change_under_load_and_every_answer_is_that_of_one_of_them()
    {
        const int Reloads = 10;
        using TestService service = new();
        using HttpClient client = service.CreateClient();
        double[][] rows = Some.Rows(5, seed: 1);
        double[][] expected = [.. Enumerable.Range(1, Reloads + 1).Select(seed => Some.Direct((ulong)seed, rows))];
        using CancellationTokenSource done = new();
        Task<int>[] clients = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            int last = 0;
            while (!done.IsCancellationRequested)
            {
                var (values, generation) = await TestService.Ask(client, rows);
                Assert.That(values, Is.EqualTo(expected[generation - 1]));
                Assert.That(generation, Is.GreaterThanOrEqualTo(last));
                last = generation;
            }
            return last;
        }))];

        for (int reload = 1; reload <= Reloads; reload++)
        {
            service.Write(seed: (ulong)(reload + 1));
            await Until(async () => (await TestService.Ask(client, rows)).Generation == reload + 1);
        }
        await done.CancelAsync();

        Assert.That(await Task.WhenAll(clients), Is.All.AtLeast(2));
    }

    [TestCase("Service:MaxBatchRows", "0", "Service:MaxBatchRows is 0; it is at least 1.")]
    [TestCase("Service:MaxWait", "00:01:00", "Service:MaxWait is 00:01:00; it is between 0 and 10 seconds.")]
    [TestCase("Service:Workers", "-1", "Service:Workers is -1; it is at least 0, which stands for one a processor core.")]
    [TestCase("Service:MaxQueuedRows", "9", "Service:MaxQueuedRows is 9; it is at least MaxRequestRows, 1024.")]
    [TestCase("Juice:Models:m:Threads", "-3", "Juice:Models:m:Threads is -3; it is at least 0, which stands for all cores.")]
    public void Settings_that_break_a_rule_keep_the_service_from_starting(string key, string value, string sentence)
    {
        async Task Start() => (await ServiceProcess.StartAsync("--Juice:Models:m:Path=m.juice", $"--{key}={value}")).Service.Dispose();

        Assert.That(Start, Throws.InvalidOperationException.With.Message.Contains($"OptionsValidationException: {sentence}"));
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using CancellationTokenSource end = new(TimeSpan.FromMinutes(2));
        while (!await condition()) await Task.Delay(5, end.Token);
    }
}
