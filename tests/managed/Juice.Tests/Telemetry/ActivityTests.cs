using System.Diagnostics;

namespace Juice.Tests;

[NonParallelizable]
public class ActivityTests
{
    private readonly List<Activity> _ended = [];
    private ActivityListener _listener;

    [SetUp]
    public void Listen()
    {
        _ended.Clear();
        _listener = new()
        {
            ShouldListenTo = source => source.Name == JuiceTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => { lock (_ended) _ended.Add(activity); },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    [TearDown]
    public void StopListening() => _listener.Dispose();

    [Test]
    public void Compiling_asking_saving_and_loading_are_activities()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.juice");
        using CompiledCircuit model = Some.Model();
        model.LogLikelihood(Some.Rows(count: 7));
        model.Save(path);
        using Circuit circuit = Circuit.Load(path);

        Assert.That(_ended.Select(activity => activity.OperationName), Is.EqualTo(new[] { "juice.compile", "juice.query", "juice.save", "juice.load" }));
        Assert.That(_ended[0].GetTagItem(JuiceTelemetry.DeviceTag), Is.EqualTo("cpu"));
        Assert.That(_ended[1].GetTagItem(JuiceTelemetry.QueryKindTag), Is.EqualTo("log_likelihood"));
        Assert.That(_ended[1].GetTagItem(JuiceTelemetry.RowsTag), Is.EqualTo(7));
        Assert.That(_ended[2].GetTagItem(JuiceTelemetry.FileTag), Is.EqualTo(path));
        Assert.That(_ended[3].GetTagItem(JuiceTelemetry.FileTag), Is.EqualTo(path));
        Assert.That(_ended.Select(activity => activity.Status), Is.All.EqualTo(ActivityStatusCode.Unset));
    }

    [Test]
    public void A_training_is_the_parent_of_its_epochs_and_an_epoch_of_its_validation()
    {
        using CompiledCircuit model = Some.Model();
        _ended.Clear();

        model.Fit(Some.Rows(), new FullBatchEm { Epochs = 2 }, new FitOptions { Validation = Some.Rows(count: 50) });

        Assert.That(_ended.Select(activity => activity.OperationName),
            Is.EqualTo(new[] { "juice.query", "juice.epoch", "juice.query", "juice.epoch", "juice.fit" }));
        Activity fit = _ended[4];
        Assert.That((_ended[1].ParentSpanId, _ended[3].ParentSpanId), Is.EqualTo((fit.SpanId, fit.SpanId)));
        Assert.That(_ended[2].ParentSpanId, Is.EqualTo(_ended[3].SpanId));
        Assert.That(_ended[3].GetTagItem(JuiceTelemetry.EpochTag), Is.EqualTo(2));
        Assert.That(fit.GetTagItem(JuiceTelemetry.TrainingMethodTag), Is.EqualTo("full_batch"));
        Assert.That(fit.GetTagItem(JuiceTelemetry.RowsTag), Is.EqualTo(200));
    }

    [Test]
    public void What_fails_says_so_and_leaves_no_activity_behind()
    {
        CompiledCircuit model = Some.Model();
        FitOptions broken = new() { Progress = new Heard<FitProgress>(_ => throw new InvalidTimeZoneException()) };
        _ended.Clear();

        Assert.That(() => Circuit.Load("nowhere.juice"), Throws.InstanceOf<IOException>());
        Assert.That(() => model.Fit(Some.Rows(), new FullBatchEm { Epochs = 1 }, broken), Throws.InstanceOf<InvalidTimeZoneException>());
        model.Dispose();
        Assert.That(() => model.LogLikelihood<byte>(new byte[12]), Throws.InstanceOf<ObjectDisposedException>());

        Assert.That(_ended.Select(activity => activity.OperationName), Is.EqualTo(new[] { "juice.load", "juice.epoch", "juice.fit", "juice.query" }));
        Assert.That(_ended.Select(activity => activity.Status), Is.All.EqualTo(ActivityStatusCode.Error));
        Assert.That(_ended[0].GetTagItem(JuiceTelemetry.ErrorTag), Is.EqualTo("System.IO.IOException"));
        Assert.That(_ended[0].StatusDescription, Does.Contain("nowhere.juice"));
        Assert.That(_ended[2].GetTagItem(JuiceTelemetry.ErrorTag), Is.EqualTo("System.InvalidTimeZoneException"));
        Assert.That(_ended[3].GetTagItem(JuiceTelemetry.ErrorTag), Is.EqualTo("System.ObjectDisposedException"));
        Assert.That(Activity.Current, Is.Null);
    }
}
