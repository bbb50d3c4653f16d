namespace Juice.Tests;

/// <summary>Callbacks that throw, and cancellation at every point where it is looked for: the call ends, what it worked on goes on.</summary>
public class CallbackTests
{
    private sealed class Fault(string where) : Exception(where);

    private static readonly ListSource s_list = MakeList(5000);

    private static readonly Rows s_rows = Rows.FromSource(s_list);

    private static readonly (string Name, Action<CompiledCircuit, Action, CancellationToken> Call)[] s_calls =
    [
        ("log-likelihood, progress", (model, act, cancel) => model.LogLikelihood(s_rows, new double[s_rows.Count], new Heard<long>(_ => act()), cancel)),
        ("largest value, progress", (model, act, cancel) => model.MaxLogValue(s_rows, new double[s_rows.Count], new Heard<long>(_ => act()), cancel)),
        ("sample, progress", (model, act, cancel) => model.Sample(5000, new SampleOptions { Progress = new Heard<long>(_ => act()) }, cancel)),
        ("mini-batch, progress", (model, act, cancel) =>
            model.Fit(s_rows, new MiniBatchEm { Epochs = 2, BatchSize = 1000 }, new FitOptions { Progress = new Heard<FitProgress>(_ => act()) }, cancel)),
        ("full batch, progress", (model, act, cancel) =>
            model.Fit(s_rows, new FullBatchEm { Epochs = 2 }, new FitOptions { Validation = s_rows, Progress = new Heard<FitProgress>(_ => act()) }, cancel)),
        ("log-likelihood, rows", (model, act, cancel) => AtEachFetch(act, rows => model.LogLikelihood(rows, cancel))),
        ("mini-batch, rows", (model, act, cancel) => AtEachFetch(act, rows => model.Fit(rows, new MiniBatchEm { Epochs = 2, BatchSize = 1000 }, null, cancel))),
        ("sample, rows", (model, act, cancel) => AtEachFetch(act, rows => model.Sample(rows, null, cancel))),
        ("tree, progress", (_, act, cancel) => Trees.ChowLiu(s_rows, new TreeOptions { Progress = new Heard<double>(_ => act()) }, cancel)),
        ("tree, rows", (_, act, cancel) => AtEachFetch(act, rows => Trees.ChowLiu(rows, null, cancel))),
    ];

    public static IEnumerable<TestCaseData> Calls => s_calls.Select((call, i) => new TestCaseData(i).SetArgDisplayNames(call.Name));

    [TestCaseSource(nameof(Calls))]
    public void An_exception_of_a_callback_comes_out_at_whichever_report(int index)
    {
        var call = s_calls[index].Call;
        using CompiledCircuit model = Some.Model();
        int points = Count(call);

        for (int k = 0; k < points; k++)
        {
            int at = 0;
            Assert.That(() => call(model, () => { if (at++ == k) throw new Fault($"report {k}"); }, CancellationToken.None),
                Throws.TypeOf<Fault>().With.Message.EqualTo($"report {k}"));
            AssertGoesOn(model);
        }
    }

    [TestCaseSource(nameof(Calls))]
    public void A_call_is_cancelled_at_whichever_report(int index)
    {
        var call = s_calls[index].Call;
        using CompiledCircuit model = Some.Model();
        int points = Count(call);

        for (int k = 0; k < points; k++)
        {
            using CancellationTokenSource cancel = new();
            int at = 0;
            try
            {
                call(model, () => { if (at++ == k) cancel.Cancel(); }, cancel.Token);
                Assert.That(k, Is.EqualTo(points - 1), "only after the last report may it be too late");
            }
            catch (OperationCanceledException e)
            {
                Assert.That(e.CancellationToken, Is.EqualTo(cancel.Token));
            }
            AssertGoesOn(model);
        }
    }

    [Test]
    public void A_token_that_is_cancelled_beforehand_lets_nothing_begin()
    {
        foreach (var (name, call) in s_calls)
        {
            using CompiledCircuit model = Some.Model();
            Assert.That(() => call(model, () => Assert.Fail("it began"), new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>(), name);
        }
    }

    [Test]
    public void An_exception_of_a_stream_comes_out_of_saving_at_whichever_write()
    {
        using CompiledCircuit model = Some.Model();
        for (int k = 0; ; k++)
        {
            using FailingStream stream = new(k);
            try
            {
                model.Save(stream);
                Assert.That(k, Is.GreaterThan(1), "no write failed");
                break;
            }
            catch (Fault e)
            {
                Assert.That(e.Message, Is.EqualTo($"write {k}"));
            }
            AssertGoesOn(model);
        }
    }

    private sealed class FailingStream(int k) : MemoryStream
    {
        private int _writes;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (_writes++ == k) throw new Fault($"write {k}");
            base.Write(buffer);
        }
    }

    // How often the callback is called where nothing happens.
    private static int Count(Action<CompiledCircuit, Action, CancellationToken> call)
    {
        using CompiledCircuit model = Some.Model();
        int points = 0;
        call(model, () => points++, CancellationToken.None);
        Assert.That(points, Is.Positive);
        return points;
    }

    private static void AtEachFetch(Action act, Action<Rows> call) => call(Rows.FromSource(new Watched(s_list, act)));

    private sealed class Watched(ListSource rows, Action act) : IRowSource
    {
        public long Count => rows.Count;

        public int Variables => rows.Variables;

        public RowElement ElementType => rows.ElementType;

        public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
        {
            act();
            rows.Fetch(indices, destination, missing);
        }
    }

    // Its parameters are a circuit's, it answers, and it trains.
    private static void AssertGoesOn(CompiledCircuit model)
    {
        using Circuit circuit = model.ToCircuit();
        using CompiledCircuit again = circuit.Compile();
        var rows = s_rows.Slice(0, 20);
        Assert.That(model.LogLikelihood(rows), Is.EqualTo(again.LogLikelihood(rows)).Within(1e-5));
        Assert.That(model.Fit(rows, new MiniBatchEm { Epochs = 1 }).Epochs, Has.Count.EqualTo(1));
    }

    private static ListSource MakeList(int count)
    {
        Random random = new(5);
        return new ListSource([.. Enumerable.Range(0, count * 12).Select(_ => random.Next(4))], 12);
    }
}
