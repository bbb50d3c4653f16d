using Juice.Tests.Data;

namespace Juice.Tests;

public class SampleTests(string device) : OnEveryDevice(device)
{
    private Circuit _circuit;
    private CompiledCircuit _model;

    [OneTimeSetUp]
    public void Compile()
    {
        _circuit = Some.Circuit();
        _model = _circuit.Compile(Device);
    }

    [OneTimeTearDown]
    public void Free()
    {
        _model.Dispose();
        _circuit.Dispose();
    }

    // Frequencies of 40,000 samples are within five deviations of their probabilities.
    private static void AssertFrequencies(Rows samples, Func<byte[], double> probability)
    {
        Dictionary<(double, double, double), int> counts = samples.Entries().Chunk(3).CountBy(row => (row[0], row[1], row[2])).ToDictionary();
        foreach (byte[] row in Some.AllRows().Chunk(3))
        {
            double p = probability(row), n = samples.Count;
            Assert.That(counts.GetValueOrDefault((row[0], row[1], row[2])) / n, Is.EqualTo(p).Within(5 * Math.Sqrt(p * (1 - p) / n)), string.Join(',', row));
        }
    }

    [Test]
    public void Samples_come_as_often_as_a_hand_would_compute() =>
        AssertFrequencies(_model.Sample(40_000, new SampleOptions { Seed = 1 }), row => Some.Probability(row[0], row[1], row[2]));

    [Test]
    public void Completions_come_as_often_as_their_posterior_says()
    {
        Rows evidence = Rows.Of(new[] { -1, 2, -1 }, 3).WithSentinel(-1);

        Rows samples = _model.Sample(evidence, new SampleOptions { Seed = 1, SamplesPerRow = 40_000 });

        AssertFrequencies(samples, row => row[1] != 2 ? 0 : Some.Probability(row[0], 2, row[2]) / Some.Probability(-1, 2, -1));
    }

    [Test]
    public void What_is_there_stays_and_samples_of_a_row_follow_each_other()
    {
        Rows evidence = Rows.Of(new[] { 0, -1, -1, 1, -1, -1 }, 3).WithSentinel(-1);

        Rows samples = _model.Sample(evidence, new SampleOptions { SamplesPerRow = 3 });

        Assert.That(samples.ElementType, Is.EqualTo(RowElement.Int32));
        Assert.That(samples.Entries().Chunk(3).Select(row => row[0]), Is.EqualTo(new double[] { 0, 0, 0, 1, 1, 1 }));
        Assert.That(samples.Entries(), Has.All.GreaterThanOrEqualTo(0));
    }

    [Test]
    public void A_seed_names_a_stream_that_calls_share_out()
    {
        double[] whole = _model.Sample(100, new SampleOptions { Seed = 5 }).Entries();

        Assert.That(_model.Sample(100, new SampleOptions { Seed = 5 }).Entries(), Is.EqualTo(whole));
        Assert.That(_model.Sample(100, new SampleOptions { Seed = 6 }).Entries(), Is.Not.EqualTo(whole));
        double[] first = _model.Sample(33, new SampleOptions { Seed = 5 }).Entries(), rest = _model.Sample(67, new SampleOptions { Seed = 5, First = 33 }).Entries();
        Assert.That(first.Concat(rest), Is.EqualTo(whole));
    }

    private static IEnumerable<TestCaseData> Domains()
    {
        yield return new TestCaseData(new Categorical(256), RowElement.Byte);
        yield return new TestCaseData(new Categorical(257), RowElement.UShort);
        yield return new TestCaseData(new Binomial(65536), RowElement.Int32);
        yield return new TestCaseData(new Gaussian(), RowElement.Single);
    }

    [TestCaseSource(nameof(Domains))]
    public void Entries_are_of_the_narrowest_type_that_holds_every_value(Distribution distribution, RowElement expected)
    {
        CircuitBuilder builder = new(variables: 1);
        builder.Input(0, distribution, nodeBlocks: 1, blockSize: 1);
        using Circuit circuit = builder.Build(seed: 1);
        using CompiledCircuit model = circuit.Compile(Device);

        Assert.That(model.Sample(1).ElementType, Is.EqualTo(expected));
        Assert.That(model.Sample(Rows.Of(new[] { double.NaN }, 1)).ElementType, Is.EqualTo(RowElement.Double));
        Assert.That(model.Sample(Rows.Of(new byte[] { 0 }, 1).WithSentinel(0)).ElementType, Is.EqualTo(expected));
    }

    [Test]
    public void Observed_numbers_keep_every_bit()
    {
        CircuitBuilder builder = new(variables: 2);
        int a = builder.Input(0, new Gaussian(), nodeBlocks: 1, blockSize: 1, parameters: [0, 1]);
        int b = builder.Input(1, new Gaussian(), nodeBlocks: 1, blockSize: 1, parameters: [5, 2]);
        using Circuit circuit = builder.Build(builder.Product([a, b], nodeBlocks: 1, blockSize: 1));
        using CompiledCircuit model = circuit.Compile(Device);

        double[] samples = model.Sample(Rows.Of(new[] { 0.1, double.NaN }, 2), new SampleOptions { SamplesPerRow = 2 }).Entries();

        Assert.That((samples[0], samples[2]), Is.EqualTo((0.1, 0.1)));
        Assert.That(samples[1], Is.Not.NaN.And.Not.EqualTo(samples[3]));
    }

    [Test]
    public void Each_root_is_a_distribution_of_its_own()
    {
        using Circuit circuit = Some.TwoRoots();
        using CompiledCircuit model = circuit.Compile(Device);
        Rows blank = Rows.Of(Enumerable.Repeat(double.NaN, 6000).ToArray(), 3);
        int[] roots = [.. Enumerable.Range(0, 2000).Select(row => row % 2)];

        double[] samples = model.Sample(blank, new SampleOptions { Roots = roots, Seed = 2 }).Entries();

        double[] means = [.. Enumerable.Range(0, 2).Select(root => Enumerable.Range(0, 1000).Average(i => samples[(2 * i + root) * 3]))];
        Assert.That(means[0], Is.EqualTo(0.75).Within(0.07));
        Assert.That(means[1], Is.EqualTo(0.5).Within(0.08));
        Assert.That(model.Sample(1000, new SampleOptions { Root = 1, Seed = 2 }).Entries().Where((_, i) => i % 3 == 0).Average(), Is.EqualTo(0.5).Within(0.08));
    }

    [Test]
    public void A_low_temperature_gives_the_likeliest_choices()
    {
        double[] samples = _model.Sample(100, new SampleOptions { Temperature = 1e-3 }).Entries();

        // The heavier component, its likeliest category of variables 1 and 2; variable 0 is a fair coin at any temperature.
        Assert.That(samples.Chunk(3).Select(row => (row[1], row[2])), Has.All.EqualTo((2.0, 0.0)));
        Assert.That(samples.Chunk(3).Average(row => row[0]), Is.EqualTo(0.5).Within(0.25));
    }

    [Test]
    public void An_impossible_row_is_named()
    {
        using CompiledCircuit model = _circuit.Compile(Device);
        model.SetParameters(0, [1, 0, 1, 0]);

        Assert.That(() => model.Sample(Rows.Of(new[] { 0, -1, 0, 1, -1, 0 }, 3).WithSentinel(-1)),
            Throws.ArgumentException.With.Message.StartsWith("row 1 is impossible"));
    }

    [Test]
    public void Values_outside_of_their_domain_are_named() =>
        Assert.That(() => _model.Sample(Rows.Of(new byte[] { 0, 0, 4 }, 3)), Throws.ArgumentException.With.Message.Contains("row 0, column 2"));

    private static IEnumerable<TestCaseData> BadOptions()
    {
        yield return new TestCaseData(new SampleOptions { Temperature = 0 }, "temperature is 0");
        yield return new TestCaseData(new SampleOptions { Temperature = double.NaN }, "temperature");
        yield return new TestCaseData(new SampleOptions { First = -1 }, "First is -1");
        yield return new TestCaseData(new SampleOptions { Root = 1 }, "Root is 1");
        yield return new TestCaseData(new SampleOptions { SamplesPerRow = 2 }, "no evidence");
        yield return new TestCaseData(new SampleOptions { Roots = new[] { 0 } }, "use Root");
    }

    [TestCaseSource(nameof(BadOptions))]
    public void Options_are_checked(SampleOptions options, string sentence) =>
        Assert.That(() => _model.Sample(1, options), Throws.ArgumentException.With.Message.Contains(sentence));

    [Test]
    public void Evidence_is_checked()
    {
        Assert.That(() => _model.Sample(Rows.Of(new byte[] { 0, 0 }, 2)), Throws.ArgumentException.With.Message.Contains("2 variables"));
        Assert.That(() => _model.Sample(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => _model.Sample(Rows.Of(new byte[] { 0, 0, 0 }, 3), new SampleOptions { Roots = new[] { 0, 0 } }),
            Throws.ArgumentException.With.Message.Contains("2 roots for 1 rows"));
        Assert.That(() => _model.Sample(Rows.Of(new byte[] { 0, 0, 0 }, 3), new SampleOptions { Roots = new[] { 1 } }),
            Throws.ArgumentException.With.Message.Contains("roots[0]"));
    }

    [Test]
    public void Nothing_asked_for_is_nothing_given()
    {
        Assert.That(_model.Sample(0).Count, Is.Zero);
        Assert.That(_model.Sample(Rows.Of(Array.Empty<byte>(), 3)).Count, Is.Zero);
    }

    [Test]
    public void Progress_counts_samples_and_a_token_ends_the_call()
    {
        List<long> heard = [];
        _model.Sample(50_000, new SampleOptions { Progress = new Heard<long>(heard.Add) });
        Assert.That(heard, Is.Ordered.And.Count.GreaterThan(1));
        Assert.That(heard[^1], Is.EqualTo(50_000));

        using CancellationTokenSource source = new();
        SampleOptions stopping = new() { Progress = new Heard<long>(_ => source.Cancel()) };
        Assert.That(() => _model.Sample(50_000, stopping, source.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_task_gives_the_same_rows()
    {
        Rows evidence = Rows.Of(new[] { 0, -1, -1 }, 3).WithSentinel(-1);

        Assert.That((await _model.SampleAsync(20)).Entries(), Is.EqualTo(_model.Sample(20).Entries()));
        Assert.That((await _model.SampleAsync(evidence)).Entries(), Is.EqualTo(_model.Sample(evidence).Entries()));
    }
}
