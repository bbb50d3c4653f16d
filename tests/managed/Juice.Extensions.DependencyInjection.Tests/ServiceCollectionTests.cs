using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Juice.Extensions.DependencyInjection.Tests;

public class ServiceCollectionTests
{
    private ModelFolder _folder;

    [SetUp]
    public void Open() => _folder = new();

    [TearDown]
    public void Close() => _folder.Dispose();

    [Test]
    public async Task Models_come_from_the_configuration_and_are_there_when_the_host_has_started()
    {
        _folder.Write(seed: 1, "one.juice");
        _folder.Write(seed: 2, "two.juice");
        using IHost host = Host(new()
        {
            ["Juice:Models:one:Path"] = "one.juice",
            ["Juice:Models:two:Path"] = _folder.File("two.juice"),
            ["Juice:Models:two:Device"] = "cpu",
            ["Juice:Models:two:Threads"] = "1",
            ["Juice:Models:two:MemoryLimit"] = "1000000000",
            ["Juice:Models:two:BatchSize"] = "32",
            ["Juice:Models:two:Precision"] = "fast",
            ["Juice:Models:two:Reload"] = "false",
            ["Juice:ReloadInterval"] = "00:00:05",
        });
        await host.StartAsync();

        IJuiceModels models = host.Services.GetRequiredService<IJuiceModels>();
        Assert.That(models.All.Select(model => (model.Name, model.Path, model.Status.State)), Is.EqualTo(new[]
        {
            ("one", _folder.File("one.juice"), JuiceModelState.Loaded), ("two", _folder.File("two.juice"), JuiceModelState.Loaded),
        }));
        Assert.That((Ask(models["one"]), Ask(models["TWO"])), Is.EqualTo((ModelFolder.Answer(1), ModelFolder.Answer(2))));
        JuiceOptions options = host.Services.GetRequiredService<IOptions<JuiceOptions>>().Value;
        Assert.That(options.ReloadInterval, Is.EqualTo(TimeSpan.FromSeconds(5)));
        JuiceModelOptions two = options.Models["two"];
        Assert.That((two.Device, two.Threads, two.MemoryLimit, two.BatchSize, two.Precision, two.Reload), Is.EqualTo(("cpu", 1, 1_000_000_000L, 32, Precision.Fast, false)));
        Assert.That(options.Models["one"].Reload, Is.True);
    }

    [Test]
    public async Task Models_come_from_code_too_and_without_a_host()
    {
        ServiceCollection services = new();
        services.AddJuice().AddModel("coded", _folder.Write(seed: 3)).AddModel("coded", model => model.Threads = 1);
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.That(Ask(provider.GetRequiredService<IJuiceModels>()["coded"]), Is.EqualTo(ModelFolder.Answer(3)));
        Assert.That(provider.GetRequiredService<IOptions<JuiceOptions>>().Value.Models["coded"].Threads, Is.EqualTo(1));
    }

    [Test]
    public void A_section_of_another_name_is_bound_where_it_is_given()
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Circuits:Models:a:Path"] = _folder.Write(seed: 1) })
            .Build();
        ServiceCollection services = new();
        services.AddJuice(configuration.GetSection("Circuits"));
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.That(provider.GetRequiredService<IJuiceModels>().All.Select(model => model.Name), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public async Task A_model_is_a_keyed_service_and_a_lease_one_of_its_scope()
    {
        ServiceCollection services = new();
        services.AddJuice().AddModel("m", _folder.Write(seed: 1));
        await using ServiceProvider provider = services.BuildServiceProvider(validateScopes: true);
        IJuiceModel model = provider.GetRequiredKeyedService<IJuiceModel>("m");
        CompiledCircuit old;

        await using (AsyncServiceScope scope = provider.CreateAsyncScope())
        {
            ModelLease lease = scope.ServiceProvider.GetRequiredKeyedService<ModelLease>("m");
            old = lease.Model;
            await model.ReloadAsync();

            Assert.That(scope.ServiceProvider.GetRequiredKeyedService<ModelLease>("m"), Is.SameAs(lease));
            Assert.That(old.LogLikelihood<byte>(ModelFolder.Row), Is.EqualTo(ModelFolder.Answer(1)));
        }

        Assert.That(() => old.Info, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(Ask(model), Is.EqualTo(ModelFolder.Answer(1)));
        Assert.That(() => provider.GetRequiredKeyedService<IJuiceModel>("n"),
            Throws.InstanceOf<KeyNotFoundException>().With.Message.EqualTo("There is no model 'n'; there are: m."));
    }

    [TestCase("Juice:Models:m:Path", "", "Juice:Models:m:Path is empty; it names the model's file.")]
    [TestCase("Juice:Models:m:Threads", "-1", "Juice:Models:m:Threads is -1; it is at least 0, which stands for all cores.")]
    [TestCase("Juice:Models:m:MemoryLimit", "-5", "Juice:Models:m:MemoryLimit is -5; it is a number of bytes, 0 for no limit.")]
    [TestCase("Juice:Models:m:BatchSize", "0", "Juice:Models:m:BatchSize is 0; it is at least 1.")]
    [TestCase("Juice:Models:m:Precision", "7", "Juice:Models:m:Precision is 7; it is Exact or Fast.")]
    [TestCase("Juice:Models:m:Device", "abacus", "Juice:Models:m:Device is 'abacus'; there are: cpu")]
    [TestCase("Juice:ReloadInterval", "00:00:00", "Juice:ReloadInterval is 00:00:00; it is between 10 ms and 24 days.")]
    public void Options_that_break_a_rule_keep_the_host_from_starting_with_one_sentence(string key, string value, string sentence)
    {
        Dictionary<string, string?> settings = new() { ["Juice:Models:m:Path"] = _folder.Write(seed: 1) };
        settings[key] = value;
        using IHost host = Host(settings);

        Assert.That(async () => await host.StartAsync(), Throws.InstanceOf<OptionsValidationException>().With.Message.StartsWith(sentence));
    }

    [Test]
    public async Task A_model_that_cannot_be_loaded_is_unhealthy_and_does_not_keep_the_host_from_starting()
    {
        _folder.Write(seed: 1, "good.juice");
        using IHost host = Host(new() { ["Juice:Models:good:Path"] = "good.juice", ["Juice:Models:bad:Path"] = "bad.juice" });
        await host.StartAsync();

        HealthReportEntry entry = await Health(host);

        Assert.That(entry.Status, Is.EqualTo(HealthStatus.Unhealthy));
        Assert.That(entry.Description, Does.Contain("'bad'").And.Contain(_folder.File("bad.juice")).And.Not.Contain("'good'"));
        Assert.That(entry.Data, Is.EquivalentTo(new Dictionary<string, object> { ["good"] = "Loaded", ["bad"] = "Failed" }));
        Assert.That(Ask(host.Services.GetRequiredService<IJuiceModels>()["good"]), Is.EqualTo(ModelFolder.Answer(1)));
    }

    [Test]
    public async Task Health_follows_a_file_that_breaks_and_is_mended_while_the_host_runs()
    {
        _folder.Write(seed: 1);
        using IHost host = Host(new() { ["Juice:Models:m:Path"] = "model.juice", ["Juice:ReloadInterval"] = "00:00:00.020" });
        await host.StartAsync();
        Assert.That((await Health(host)).Status, Is.EqualTo(HealthStatus.Healthy));

        _folder.WriteText("broken");
        await Until(host, HealthStatus.Degraded);
        Assert.That((await Health(host)).Description, Does.Contain("'m' is an older one, generation 1"));
        _folder.Write(seed: 2);
        await Until(host, HealthStatus.Healthy);

        Assert.That(Ask(host.Services.GetRequiredService<IJuiceModels>()["m"]), Is.EqualTo(ModelFolder.Answer(2)));
        await host.StopAsync();
    }

    [Test]
    public async Task The_failure_status_of_the_check_is_the_caller_s()
    {
        using IHost host = Host(new() { ["Juice:Models:bad:Path"] = "bad.juice" }, HealthStatus.Degraded);
        await host.StartAsync();

        Assert.That((await Health(host)).Status, Is.EqualTo(HealthStatus.Degraded));
    }

    [Test]
    [NonParallelizable] // the library's log is the process's
    public async Task The_library_s_lines_go_to_the_host_s_log_while_it_runs()
    {
        _folder.Write(seed: 1);
        ListLogging log = new();
        using IHost host = Host(new() { ["Juice:Models:m:Path"] = "model.juice", ["Juice:LibraryLogLevel"] = "Debug" }, log: log);

        await host.StartAsync();
        await host.StopAsync();
        int count = log.Lines.Length;
        ModelFolder.Answer(1);

        Assert.That(log.Lines.Where(line => line.Category == "Juice").Select(line => line.Event), Is.EqualTo(new[] { JuiceEventIds.NativeLine, JuiceEventIds.Compiled }));
        Assert.That(log.Events, Is.EqualTo(new[] { JuiceModelEventIds.ModelLoaded }));
        Assert.That(log.Lines, Has.Length.EqualTo(count));
    }

    [Test]
    public void No_two_messages_share_an_event_id_with_the_library_s()
    {
        int[] ids = [.. new[] { typeof(JuiceModelEventIds), typeof(JuiceEventIds) }.SelectMany(type => type.GetFields()).Select(field => (int)field.GetRawConstantValue()!)];

        Assert.That(ids, Is.Unique);
    }

    private IHost Host(Dictionary<string, string?> settings, HealthStatus? failureStatus = null, ListLogging? log = null)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new() { ContentRootPath = _folder.Root });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        if (log is not null) builder.Logging.AddProvider(log);
        builder.Services.AddJuice();
        builder.Services.AddHealthChecks().AddJuice(failureStatus: failureStatus);
        return builder.Build();
    }

    private static async Task<HealthReportEntry> Health(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["juice"];

    private static async Task Until(IHost host, HealthStatus status)
    {
        using CancellationTokenSource end = new(TimeSpan.FromMinutes(2));
        while ((await Health(host)).Status != status) await Task.Delay(10, end.Token);
    }

    private static double Ask(IJuiceModel model)
    {
        using ModelLease lease = model.Acquire();
        return lease.Model.LogLikelihood<byte>(ModelFolder.Row);
    }
}
