using System.Numerics.Tensors;

namespace Juice.Tests;

public class LogLikelihoodTests(string device) : OnEveryDevice(device)
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

    [Test]
    public void Every_row_has_the_probability_that_a_hand_would_compute()
    {
        byte[] rows = Some.AllRows();

        double[] logs = _model.LogLikelihood(Rows.Of(rows, 3));

        Assert.That(logs, Is.EqualTo(rows.Chunk(3).Select(row => Math.Log(Some.Probability(row[0], row[1], row[2])))).Within(1e-6));
        Assert.That(logs.Sum(Math.Exp), Is.EqualTo(1).Within(1e-6));
    }

    [Test]
    public void Every_element_type_gives_the_same()
    {
        byte[] bytes = [1, 2, 3];
        double expected = _model.LogLikelihood(Rows.Of(bytes, 3))[0];

        Assert.That(_model.LogLikelihood(Rows.Of(new ushort[] { 1, 2, 3 }, 3))[0], Is.EqualTo(expected));
        Assert.That(_model.LogLikelihood(Rows.Of(new[] { 1, 2, 3 }, 3))[0], Is.EqualTo(expected));
        Assert.That(_model.LogLikelihood(Rows.Of(new float[] { 1, 2, 3 }, 3))[0], Is.EqualTo(expected));
        Assert.That(_model.LogLikelihood(Rows.Of(new double[] { 1, 2, 3 }, 3))[0], Is.EqualTo(expected));
    }

    [Test]
    public void Missing_entries_are_summed_out_however_they_are_marked()
    {
        double expected = Math.Log(Some.Probability(1, -1, 3));

        Assert.That(_model.LogLikelihood(Rows.Of(new float[] { 1, float.NaN, 3 }, 3))[0], Is.EqualTo(expected).Within(1e-6));
        Assert.That(_model.LogLikelihood(Rows.Of(new[] { 1, -1, 3 }, 3).WithSentinel(-1))[0], Is.EqualTo(expected).Within(1e-6));
        Assert.That(_model.LogLikelihood(Rows.Of(new byte[] { 1, 0, 3 }, 3).WithMissing(new byte[] { 0, 1, 0 }))[0], Is.EqualTo(expected).Within(1e-6));
    }

    [Test]
    public void With_everything_missing_the_log_likelihood_is_zero() =>
        Assert.That(_model.LogLikelihood<double>([double.NaN, double.NaN, double.NaN]), Is.Zero.Within(1e-6));

    [Test]
    public void A_value_outside_of_its_domain_is_named_by_row_and_column()
    {
        var rows = Rows.Of(new byte[] { 0, 0, 0, 1, 3, 0 }, 3);

        Assert.That(() => _model.LogLikelihood(rows), Throws.ArgumentException.With.Message.Contains("1").And.Message.Contains("3"));
        Assert.That(() => _model.LogLikelihood<float>([0.5f, 0, 0]), Throws.ArgumentException);
        Assert.That(() => _model.LogLikelihood<int>([0, -1, 0]), Throws.ArgumentException);
    }

    [Test]
    public void Rows_of_another_width_are_rejected()
    {
        Assert.That(() => _model.LogLikelihood(Rows.Of(new byte[] { 0, 0 }, 2)), Throws.ArgumentException);
        Assert.That(() => _model.LogLikelihood<byte>([0, 0]), Throws.ArgumentException.With.Message.Contains("2 entries"));
    }

    [Test]
    public void No_rows_have_no_log_likelihoods() => Assert.That(_model.LogLikelihood(Rows.Of(Array.Empty<byte>(), 3)), Is.Empty);

    [Test]
    public void Answers_go_into_a_destination_that_is_long_enough()
    {
        double[] room = [7, 7, 7], tight = new double[1];
        var rows = Rows.Of(new byte[] { 0, 0, 0, 1, 1, 1 }, 3);

        _model.LogLikelihood(rows, room);

        Assert.That(room, Is.EqualTo(new[] { Math.Log(Some.Probability(0, 0, 0)), Math.Log(Some.Probability(1, 1, 1)), 7 }).Within(1e-6));
        Assert.That(() => _model.LogLikelihood(rows, tight), Throws.ArgumentException.With.Message.Contains("1 of 2"));
    }

    [Test]
    public void One_row_gives_the_bits_that_it_gives_among_others()
    {
        byte[] rows = Some.AllRows();
        double[] together = _model.LogLikelihood(Rows.Of(rows, 3));

        Assert.That(rows.Chunk(3).Select(row => _model.LogLikelihood<byte>(row)), Is.EqualTo(together));
    }

    [Test]
    public void One_row_is_answered_without_allocation()
    {
        byte[] bytes = [1, 2, 3];
        float[] floats = [1, float.NaN, 3];
        byte[] mask = [0, 1, 0];
        double[] destination = new double[1];
        for (int i = 0; i < 200; i++) Ask();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Ask();
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.That(after - before, Is.Zero);

        void Ask()
        {
            _model.LogLikelihood<byte>(bytes);
            _model.LogLikelihood<float>(floats);
            _model.LogLikelihood<byte>(bytes, destination, mask);
        }
    }

    [Test]
    public void Arrays_and_stack_memory_are_rows()
    {
        byte[] array = [1, 2, 3];
        Span<int> stack = stackalloc int[] { 1, 2, 3 };

        Assert.That(_model.LogLikelihood(array), Is.EqualTo(Math.Log(Some.Probability(1, 2, 3))).Within(1e-6));
        Assert.That(_model.LogLikelihood(stack), Is.EqualTo(_model.LogLikelihood(array)));
    }

    [Test]
    public void A_row_s_mask_is_summed_out()
    {
        double[] destination = new double[1];

        _model.LogLikelihood<byte>([1, 0, 3], destination, missing: [0, 1, 0]);

        Assert.That(destination[0], Is.EqualTo(Math.Log(Some.Probability(1, -1, 3))).Within(1e-6));
        Assert.That(() => _model.LogLikelihood<byte>([1, 0, 3], destination, missing: [0]), Throws.ArgumentException);
    }

    [Test]
    public void Tensors_are_rows()
    {
        byte[] rows = Some.AllRows();
        ReadOnlyTensorSpan<byte> tensor = new(rows, [24, 3], []);

        Assert.That(_model.LogLikelihood(tensor), Is.EqualTo(_model.LogLikelihood(Rows.Of(rows, 3))));
    }

    [Test]
    public void Strided_and_transposed_tensors_are_rows_too()
    {
        // Three columns of wider rows, and rows written column by column.
        byte[] wide = [1, 2, 3, 99, 0, 1, 2, 99];
        byte[] columns = [1, 0, 2, 1, 3, 2];
        double[] expected = _model.LogLikelihood(Rows.Of(new byte[] { 1, 2, 3, 0, 1, 2 }, 3));

        Assert.That(_model.LogLikelihood(new ReadOnlyTensorSpan<byte>(wide, [2, 3], [4, 1])), Is.EqualTo(expected));
        Assert.That(_model.LogLikelihood(new ReadOnlyTensorSpan<byte>(columns, [2, 3], [1, 2])), Is.EqualTo(expected));
    }

    [Test]
    public void Tensors_of_another_shape_are_rejected()
    {
        Assert.That(() => _model.LogLikelihood(new ReadOnlyTensorSpan<byte>(new byte[3], [3], [])),
            Throws.ArgumentException.With.Message.Contains("[3]"));
        Assert.That(() => _model.LogLikelihood(new ReadOnlyTensorSpan<byte>(new byte[8], [2, 4], [])),
            Throws.ArgumentException.With.Message.Contains("[2, 4]"));
    }

    [Test]
    public void The_mean_is_weighted_and_in_bits_a_dimension_on_request()
    {
        var rows = Rows.Of(new byte[] { 0, 0, 0, 1, 1, 1 }, 3).WithWeights(new float[] { 3, 1 });
        double mean = (3 * Math.Log(Some.Probability(0, 0, 0)) + Math.Log(Some.Probability(1, 1, 1))) / 4;

        Assert.That(_model.MeanLogLikelihood(rows), Is.EqualTo(mean).Within(1e-6));
        Assert.That(_model.BitsPerDimension(rows), Is.EqualTo(-mean / 3 / Math.Log(2)).Within(1e-6));
    }

    [Test]
    public void Impossible_rows_are_minus_infinity_and_count_only_where_they_weigh()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);
        model.SetParameters(0, [1, 0, 1, 0]);
        var rows = Rows.Of(new byte[] { 1, 0, 0, 0, 0, 0 }, 3);

        Assert.That(model.LogLikelihood(rows)[0], Is.EqualTo(double.NegativeInfinity));
        Assert.That(model.MeanLogLikelihood(rows), Is.EqualTo(double.NegativeInfinity));
        Assert.That(model.MeanLogLikelihood(rows.WithWeights(new float[] { 0, 1 })), Is.EqualTo(model.LogLikelihood<byte>([0, 0, 0])).Within(1e-9));
    }

    [Test]
    public void Several_roots_have_several_log_likelihoods_and_no_mean()
    {
        using Circuit circuit = Some.TwoRoots();
        using CompiledCircuit model = circuit.Compile(Device);
        double[] both = new double[2];

        model.LogLikelihood<byte>([0, 0, 0], both);

        Assert.That(both, Is.EqualTo(new[] { Math.Log(0.25 * 0.5 * 0.25), Math.Log(0.5 * 0.125 * 0.5) }).Within(1e-6));
        Assert.That(() => model.LogLikelihood<byte>([0, 0, 0]), Throws.ArgumentException.With.Message.Contains("2 roots"));
        Assert.That(() => model.MeanLogLikelihood(Rows.Of(new byte[3], 3)), Throws.ArgumentException.With.Message.Contains("2 roots"));
    }

    [Test]
    public void Progress_counts_rows_and_cancelling_ends_the_call()
    {
        using CompiledCircuit model = SomeModel();
        var rows = Some.Rows(count: 5000);
        double[] destination = new double[5000];
        List<long> heard = [];
        using CancellationTokenSource cancel = new();

        model.LogLikelihood(rows, destination, new Heard<long>(heard.Add));

        Assert.That(heard, Is.Ordered);
        Assert.That(heard[^1], Is.EqualTo(5000));
        Assert.That(() => model.LogLikelihood(rows, destination, new Heard<long>(_ => cancel.Cancel()), cancel.Token),
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancel.Token));
    }

    [Test]
    public void A_callback_may_not_use_the_model_that_it_is_called_by()
    {
        using CompiledCircuit model = SomeModel(), other = SomeModel();
        var rows = Some.Rows(count: 100);
        double[] destination = new double[100];

        Assert.That(() => model.LogLikelihood(rows, destination, new Heard<long>(_ => model.SetParameters(0, []))), Throws.InvalidOperationException);
        Assert.That(() => model.LogLikelihood(rows, destination, new Heard<long>(_ => other.BitsPerDimension(rows))), Throws.Nothing);
    }
}
