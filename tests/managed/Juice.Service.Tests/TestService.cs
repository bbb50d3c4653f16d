using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Juice.Service.Tests;

/// <summary>The service in this process, with the model "m" of a seed in a folder of its own.</summary>
internal sealed class TestService : WebApplicationFactory<Program>
{
    private static int s_written;

    private readonly string _folder = Directory.CreateTempSubdirectory("juice-service-tests-").FullName;

    public TestService(ulong seed = 1) => Write(seed);

    public Dictionary<string, string> Settings { get; } = new() { ["Juice:ReloadInterval"] = "00:00:00.020" };

    public Action<IServiceCollection>? Replace { get; init; }

    public string ModelPath => Path.Combine(_folder, "m.juice");

    public void Write(ulong seed)
    {
        using Circuit circuit = Some.Circuit(seed);
        Write(circuit);
    }

    public void Write(Circuit circuit)
    {
        circuit.Save(ModelPath);
        Touch();
    }

    public void WriteText(string text)
    {
        File.WriteAllText(ModelPath, text);
        Touch();
    }

    public static async Task<HttpResponseMessage> Post(HttpClient client, string json, string path = "/models/m/log-likelihood")
    {
        using StringContent content = new(json, Encoding.UTF8, "application/json");
        return await client.PostAsync(new Uri(path, UriKind.Relative), content);
    }

    /// <summary>The log-likelihoods of rows and the generation of the model that answered; the request must go well.</summary>
    public static async Task<(double[] Values, int Generation)> Ask(HttpClient client, double[][] rows)
    {
        using HttpResponseMessage response = await Post(client, $"{{\"rows\":{Json(rows)}}}");
        Assert.That((int)response.StatusCode, Is.EqualTo(200), () => response.Content.ReadAsStringAsync().Result);
        JsonElement body = await response.Content.ReadFromJsonAsync<JsonElement>();
        return ([.. body.GetProperty("logLikelihood").EnumerateArray().Select(Number)], body.GetProperty("generation").GetInt32());
    }

    /// <summary>The sentence of a problem, which the response must be.</summary>
    public static async Task<string?> Sentence(HttpResponseMessage response)
    {
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString();
    }

    public static string Json(double[][] rows) =>
        $"[{string.Join(',', rows.Select(row => $"[{string.Join(',', row.Select(x => double.IsNaN(x) ? "null" : x.ToString("R", CultureInfo.InvariantCulture)))}]"))}]";

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Juice:Models:m:Path", ModelPath);
        foreach (var (key, value) in Settings) builder.UseSetting(key, value);
        builder.ConfigureLogging(logging => logging.ClearProviders());
        if (Replace is not null) builder.ConfigureTestServices(Replace);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private static double Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.Parse(value.GetString()!, CultureInfo.InvariantCulture);

    // Two files written in one tick of the file system's clock are two all the same.
    private void Touch() =>
        File.SetLastWriteTimeUtc(ModelPath, new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(Interlocked.Increment(ref s_written)));
}
