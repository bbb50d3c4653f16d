namespace Juice.Extensions.DependencyInjection.Tests;

public class HostedModelTests
{
    private ModelFolder _folder;
    private ListLogging _log;
    private HostedModel _model;

    [SetUp]
    public void Write()
    {
        _folder = new();
        _log = new();
        _model = new("m", _folder.Write(seed: 1), new(), _log.CreateLogger("Juice.Models"), TimeProvider.System);
    }

    [TearDown]
    public void Close()
    {
        _model.Close();
        _log.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void A_model_is_loaded_when_it_is_asked_for_and_answers_as_a_direct_call()
    {
        Assert.That(_model.Status, Is.EqualTo(new JuiceModelStatus(JuiceModelState.NotLoaded, 0, null, null)));

        using ModelLease lease = _model.Acquire();

        Assert.That(lease.Model.LogLikelihood<byte>(ModelFolder.Row), Is.EqualTo(ModelFolder.Answer(1)));
        Assert.That(lease.Generation, Is.EqualTo(1));
        Assert.That(_model.Status.State, Is.EqualTo(JuiceModelState.Loaded));
        Assert.That(_model.Status.LoadedAt, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(5)));
        Assert.That(_log.Events, Is.EqualTo(new[] { JuiceModelEventIds.ModelLoaded }));
    }

    [Test]
    public void A_changed_file_takes_the_model_s_place_once_it_has_stayed_the_same()
    {
        _model.LoadFirst();
        _model.Look();
        _model.Look();
        int before = _model.Status.Generation;

        _folder.Write(seed: 2);
        _model.Look();
        int seen = _model.Status.Generation;
        _folder.Write(seed: 3);
        _model.Look();
        int seenAgain = _model.Status.Generation;
        _model.Look();
        _model.Look();

        Assert.That((before, seen, seenAgain), Is.EqualTo((1, 1, 1)));
        Assert.That(_model.Status.Generation, Is.EqualTo(2));
        Assert.That(Ask(), Is.EqualTo(ModelFolder.Answer(3)));
        Assert.That(_log.Events, Is.EqualTo(new[] { JuiceModelEventIds.ModelLoaded, JuiceModelEventIds.ModelReloaded }));
    }

    [Test]
    public void Who_holds_a_lease_keeps_the_old_model_until_it_is_given_back()
    {
        ModelLease first = _model.Acquire(), second = _model.Acquire();
        CompiledCircuit old = first.Model;
        _folder.Write(seed: 2);
        LookTwice();

        first.Dispose();
        first.Dispose(); // must not take the second one's hold
        Assert.That(second.Model.LogLikelihood<byte>(ModelFolder.Row), Is.EqualTo(ModelFolder.Answer(1)));
        Assert.That(Ask(), Is.EqualTo(ModelFolder.Answer(2)));
        second.Dispose();

        Assert.That(() => old.LogLikelihood<byte>(ModelFolder.Row), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => second.Model, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void A_broken_file_is_logged_once_and_the_old_model_stays()
    {
        _model.LoadFirst();

        _folder.WriteText("no model at all");
        LookTwice();
        LookTwice();

        Assert.That(_model.Status.State, Is.EqualTo(JuiceModelState.ReloadFailed));
        Assert.That(_model.Status.Error, Is.Not.Empty);
        Assert.That(_model.Status.Generation, Is.EqualTo(1));
        Assert.That(Ask(), Is.EqualTo(ModelFolder.Answer(1)));
        Assert.That(_log.Events, Is.EqualTo(new[] { JuiceModelEventIds.ModelLoaded, JuiceModelEventIds.ReloadFailed }));

        _folder.Write(seed: 2);
        LookTwice();

        Assert.That(_model.Status, Is.EqualTo(_model.Status with { State = JuiceModelState.Loaded, Generation = 2, Error = null }));
        Assert.That(Ask(), Is.EqualTo(ModelFolder.Answer(2)));
    }

    [Test]
    public void A_file_that_is_gone_leaves_its_model_and_one_that_comes_back_is_loaded()
    {
        _model.LoadFirst();

        File.Delete(_model.Path);
        LookTwice();
        JuiceModelStatus gone = _model.Status;
        _folder.Write(seed: 4);
        LookTwice();

        Assert.That(gone.State, Is.EqualTo(JuiceModelState.ReloadFailed));
        Assert.That(gone.Error, Does.Contain(_model.Path));
        Assert.That(Ask(), Is.EqualTo(ModelFolder.Answer(4)));
    }

    [Test]
    public void A_model_that_cannot_be_loaded_says_why_to_whoever_asks_until_its_file_works()
    {
        _folder.WriteText("no model at all");

        Assert.That(_model.Acquire, Throws.InstanceOf<JuiceException>().With.Message.Contains("'m'"));
        Assert.That(_model.Status.State, Is.EqualTo(JuiceModelState.Failed));
        Assert.That(_log.Events, Is.EqualTo(new[] { JuiceModelEventIds.ModelFailed }));

        _folder.Write(seed: 5);
        LookTwice();

        Assert.That(Ask(), Is.EqualTo(ModelFolder.Answer(5)));
        Assert.That(_model.Status.Generation, Is.EqualTo(1));
    }

    [Test]
    public void A_link_that_points_elsewhere_is_a_change()
    {
        string link = _folder.File("link.juice");
        File.CreateSymbolicLink(link, _folder.Write(seed: 1, "one.juice"));
        HostedModel linked = new("linked", link, new(), _log.CreateLogger("Juice.Models"), TimeProvider.System);
        linked.LoadFirst();

        File.Delete(link);
        File.CreateSymbolicLink(link, _folder.Write(seed: 2, "two.juice"));
        linked.Look();
        linked.Look();

        using (ModelLease lease = linked.Acquire()) Assert.That(lease.Model.LogLikelihood<byte>(ModelFolder.Row), Is.EqualTo(ModelFolder.Answer(2)));
        linked.Close();
    }

    [Test]
    public async Task Reloading_on_request_says_whether_it_went_well()
    {
        _model.LoadFirst();

        bool same = await _model.ReloadAsync();
        _folder.WriteText("{");
        bool broken = await _model.ReloadAsync();

        Assert.That((same, broken), Is.EqualTo((true, false)));
        Assert.That(_model.Status.Generation, Is.EqualTo(2));
        Assert.That(async () => await _model.ReloadAsync(new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_closed_model_gives_no_leases_and_those_that_are_out_go_on()
    {
        ModelLease lease = _model.Acquire();
        CompiledCircuit held = lease.Model;

        _model.Close();

        Assert.That(_model.Acquire, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(held.LogLikelihood<byte>(ModelFolder.Row), Is.EqualTo(ModelFolder.Answer(1)));
        lease.Dispose();
        Assert.That(() => held.LogLikelihood<byte>(ModelFolder.Row), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Options_reach_the_compiler()
    {
        HostedModel model = new("m", _model.Path, new() { Threads = 1, BatchSize = 17, Device = "cpu" }, _log.CreateLogger(""), TimeProvider.System);

        using (ModelLease lease = model.Acquire())
        {
            Assert.That(lease.Model.Info.Threads, Is.EqualTo(1));
            Assert.That(lease.Model.Info.BatchSize, Is.EqualTo(17));
        }
        model.Close();
    }

    [Test]
    public void Requests_never_notice_that_models_change_under_them()
    {
        const int Reloads = 40;
        double[] answers = [ModelFolder.Answer(1), ModelFolder.Answer(2)];
        _model.LoadFirst();
        using CancellationTokenSource done = new();
        Task<HashSet<int>>[] askers = [.. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                HashSet<int> generations = [];
                while (!done.IsCancellationRequested)
                {
                    using ModelLease lease = _model.Acquire();
                    double expected = answers[(lease.Generation + 1) % 2];
                    for (int i = 0; i < 5; i++) Assert.That(lease.Model.LogLikelihood<byte>(ModelFolder.Row), Is.EqualTo(expected));
                    generations.Add(lease.Generation);
                }
                return generations;
            },
            TaskCreationOptions.LongRunning))];

        List<CompiledCircuit> before = [];
        for (int i = 0; i < Reloads; i++)
        {
            using (ModelLease lease = _model.Acquire()) before.Add(lease.Model);
            _folder.Write(seed: (ulong)(i % 2 == 0 ? 2 : 1));
            LookTwice();
        }
        done.Cancel();
        HashSet<int>[] seen = Task.WhenAll(askers).GetAwaiter().GetResult();

        Assert.That(_model.Status.Generation, Is.EqualTo(Reloads + 1));
        Assert.That(seen.Max(generations => generations.Count), Is.GreaterThan(1));
        foreach (CompiledCircuit old in before)
            Assert.That(() => old.Info, Throws.InstanceOf<ObjectDisposedException>(), "a model whose place was taken is still in memory");
    }

    private void LookTwice()
    {
        _model.Look();
        _model.Look();
    }

    private double Ask()
    {
        using ModelLease lease = _model.Acquire();
        return lease.Model.LogLikelihood<byte>(ModelFolder.Row);
    }
}
