using System.Diagnostics.Metrics;
using Juice.Extensions.DependencyInjection;
using Juice.Service.Batching;
using Juice.Service.Json;
using Microsoft.Extensions.DependencyInjection;

namespace Juice.Service.Tests;

public class BatcherTests
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"juice-batcher-{Guid.NewGuid():N}.juice");
    private ServiceProvider _provider;
    private ManualResetEventSlim _gate;
    private HeldModel _model;

    [SetUp]
    public void Provide()
    {
        using (Circuit circuit = Some.Circuit(seed: 1)) circuit.Save(_path);
        ServiceCollection services = new();
        services.AddMetrics();
        services.AddSingleton<ServiceMetrics>();
        services.AddJuice().AddModel("m", _path);
        _provider = services.BuildServiceProvider();
        _gate = new();
        _model = new(_provider.GetRequiredService<IJuiceModels>()["m"], _gate);
    }

    [TearDown]
    public void TearDown()
    {
        _gate.Dispose();
        _provider.Dispose();
        File.Delete(_path);
    }

    [Test]
    public async Task What_is_asked_meanwhile_is_answered_in_one_call_of_so_many_rows_at_most()
    {
        using Measured measured = new(_provider);
        Batcher batcher = Batcher(new() { Workers = 1, MaxBatchRows = 10 });
        double[][] rows = Some.Rows(1 + 4 + 6 + 3 + 8 + 25 + 2, seed: 1);
        double[] expected = Some.Direct(1, rows);

        // The first one is held; the rest gathers behind it: 4 + 6, 3, 8, 25 (beyond the limit, alone), 2.
        List<Task<Answer>> answers = [Ask(batcher, rows[..1])];
        await Until(() => _model.Asked == 1);
        int at = 1;
        foreach (int count in new[] { 4, 6, 3, 8, 25, 2 })
        {
            answers.Add(Ask(batcher, rows[at..(at + count)]));
            at += count;
        }
        _gate.Set();
        Answer[] all = await Task.WhenAll(answers);
        await batcher.StopAsync();

        Assert.That(all.SelectMany(answer => answer.LogLikelihood), Is.EqualTo(expected));
        Assert.That(measured.Values("juice.service.batch.rows"), Is.EqualTo(new[] { 1, 10, 3, 8, 25, 2 }));
        Assert.That(measured.Values("juice.service.batch.requests"), Is.EqualTo(new[] { 1, 2, 1, 1, 1, 1 }));
        Assert.That(measured.Values("juice.service.queue.rows").Sum(), Is.Zero);
        Assert.That(measured.Values("juice.service.queue.duration"), Has.Length.EqualTo(7).And.All.Positive);
    }

    [Test]
    public async Task A_batch_waits_for_more_until_it_is_full()
    {
        using Measured measured = new(_provider);
        _gate.Set();
        Batcher batcher = Batcher(new() { Workers = 1, MaxBatchRows = 4, MaxWait = TimeSpan.FromMinutes(5) });

        Task<Answer> first = Ask(batcher, Some.Rows(1, seed: 1));
        await Task.Delay(50);
        bool waits = !first.IsCompleted;
        await Task.WhenAll(first, Ask(batcher, Some.Rows(2, seed: 2)), Ask(batcher, Some.Rows(1, seed: 3)));

        Assert.That(waits, Is.True);
        Assert.That(measured.Values("juice.service.batch.rows"), Is.EqualTo(new[] { 4 }));
    }

    [Test]
    public async Task A_wait_ends()
    {
        _gate.Set();
        Batcher batcher = Batcher(new() { Workers = 1, MaxWait = TimeSpan.FromMilliseconds(5) });

        Answer answer = await Ask(batcher, Some.Rows(1, seed: 1));

        Assert.That(answer.LogLikelihood, Is.EqualTo(Some.Direct(1, Some.Rows(1, seed: 1))));
        await batcher.StopAsync();
    }

    [Test]
    public async Task Beyond_the_limit_of_the_queue_questions_are_turned_away_and_those_in_it_are_answered()
    {
        using Measured measured = new(_provider);
        Batcher batcher = Batcher(new() { Workers = 1, MaxQueuedRows = 10, MaxRequestRows = 10 });
        Task<Answer> held = Ask(batcher, Some.Rows(7, seed: 1));
        await Until(() => _model.Asked == 1);

        Task<Answer> queued = Ask(batcher, Some.Rows(6, seed: 2));
        Assert.That(() => Ask(batcher, Some.Rows(5, seed: 3)),
            Throws.TypeOf<OverloadedException>().With.Message.EqualTo("6 rows wait for the model 'm' already; 10 may."));
        Task<Answer> fits = Ask(batcher, Some.Rows(4, seed: 4));
        _gate.Set();

        Assert.That((await held).LogLikelihood, Is.EqualTo(Some.Direct(1, Some.Rows(7, seed: 1))));
        Assert.That((await queued).LogLikelihood, Is.EqualTo(Some.Direct(1, Some.Rows(6, seed: 2))));
        Assert.That((await fits).LogLikelihood, Is.EqualTo(Some.Direct(1, Some.Rows(4, seed: 4))));
        Assert.That(measured.Values("juice.service.rejected"), Is.EqualTo(new[] { 1 }));
        await batcher.StopAsync();
    }

    [Test]
    public async Task A_row_that_breaks_a_rule_fails_its_own_question_with_its_own_number_and_no_other()
    {
        Batcher batcher = Batcher(new() { Workers = 1 });
        Task<Answer> held = Ask(batcher, Some.Rows(1, seed: 1));
        await Until(() => _model.Asked == 1);
        double[][] good = Some.Rows(3, seed: 2), bad = Some.Rows(3, seed: 3), narrow = Some.Rows(2, seed: 4, variables: 5);
        bad[2][4] = 17;

        Task<Answer> before = Ask(batcher, good), broken = Ask(batcher, bad), other = Ask(batcher, narrow), after = Ask(batcher, good);
        _gate.Set();

        Assert.That((await before).LogLikelihood, Is.EqualTo(Some.Direct(1, good)));
        Assert.That((await after).LogLikelihood, Is.EqualTo(Some.Direct(1, good)));
        Assert.That(async () => await broken, Throws.ArgumentException.With.Message.StartsWith("row 2, column 4: 17 is not in 0 … 2"));
        Assert.That(async () => await other, Throws.ArgumentException.With.Message.Contains("5"));
        await held;
        await batcher.StopAsync();
    }

    [Test]
    public async Task Who_is_gone_is_not_answered_and_costs_nothing()
    {
        using Measured measured = new(_provider);
        Batcher batcher = Batcher(new() { Workers = 1 });
        Task<Answer> held = Ask(batcher, Some.Rows(1, seed: 1));
        await Until(() => _model.Asked == 1);
        using CancellationTokenSource gone = new();

        Task<Answer> left = Ask(batcher, Some.Rows(5, seed: 2), gone.Token), stays = Ask(batcher, Some.Rows(2, seed: 3));
        await gone.CancelAsync();
        _gate.Set();
        await Task.WhenAll(held, stays);

        Assert.That(async () => await left, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(measured.Values("juice.service.batch.rows"), Is.EqualTo(new[] { 1, 2 }));
        await batcher.StopAsync();
    }

    [Test]
    public async Task Stopping_answers_what_was_asked_and_takes_no_more()
    {
        Batcher batcher = Batcher(new() { Workers = 2, MaxBatchRows = 1 });
        Task<Answer>[] asked = [.. Enumerable.Range(0, 20).Select(i => Ask(batcher, Some.Rows(1, seed: i)))];

        Task stop = batcher.StopAsync();
        Assert.That(() => Ask(batcher, Some.Rows(1, seed: 1)), Throws.TypeOf<OverloadedException>());
        _gate.Set();
        await stop;

        Assert.That(asked.Select(answer => answer.IsCompletedSuccessfully), Is.All.True);
    }

    [Test]
    public async Task A_model_that_cannot_be_had_fails_its_questions_and_not_the_batcher()
    {
        _gate.Set();
        Batcher batcher = Batcher(new() { Workers = 1 });
        File.WriteAllText(_path, "broken");

        Assert.That(async () => await Ask(batcher, Some.Rows(1, seed: 1)), Throws.InstanceOf<JuiceException>());
        using (Circuit circuit = Some.Circuit(seed: 1)) circuit.Save(_path);
        await _model.ReloadAsync();

        Assert.That((await Ask(batcher, Some.Rows(1, seed: 1))).LogLikelihood, Is.EqualTo(Some.Direct(1, Some.Rows(1, seed: 1))));
    }

    private Batcher Batcher(ServiceOptions options) => new(_model, options, _provider.GetRequiredService<ServiceMetrics>());

    private static Task<Answer> Ask(Batcher batcher, double[][] rows, CancellationToken aborted = default) =>
        batcher.AskAsync(new JsonRows(rows.SelectMany(row => row).ToArray(), rows.Length, rows[0].Length), aborted);

    private static async Task Until(Func<bool> condition)
    {
        using CancellationTokenSource end = new(TimeSpan.FromMinutes(2));
        while (!condition()) await Task.Delay(5, end.Token);
    }

    /// <summary>What the service's meter of one provider says.</summary>
    private sealed class Measured : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly List<(string Name, double Value)> _all = [];
        private readonly MeterListener _listener = new();

        public Measured(ServiceProvider provider)
        {
            IMeterFactory factory = provider.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == factory) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Add(instrument, value));
            _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
            _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument, value));
            _listener.Start();
        }

        public double[] Values(string name)
        {
            lock (_lock) return [.. _all.Where(one => one.Name == name).Select(one => one.Value)];
        }

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, double value)
        {
            lock (_lock) _all.Add((instrument.Name, value));
        }
    }
}
