namespace Juice.Tests;

public class RowSourceTests
{
    [Test]
    public void A_source_answers_as_its_rows_in_memory_would()
    {
        int[] values = [.. Some.AllRows().Select(value => (int)value)];
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile();
        ListSource source = new(values, 3);

        double[] fromSource = model.LogLikelihood(Rows.FromSource(source));

        Assert.That(fromSource, Is.EqualTo(model.LogLikelihood(Rows.Of(values, 3))));
        Assert.That(source.Fetches, Is.Positive);
    }

    [Test]
    public void A_slice_of_a_slice_of_a_source_fetches_its_own_rows()
    {
        int[] values = [.. Some.AllRows().Select(value => (int)value)];
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile();

        double[] sliced = model.LogLikelihood(Rows.FromSource(new ListSource(values, 3)).Slice(5, 15).Slice(2, 7));

        Assert.That(sliced, Is.EqualTo(model.LogLikelihood(Rows.Of(values, 3)).Skip(7).Take(7)));
    }

    [Test]
    public void What_a_source_calls_missing_is_summed_out()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile();
        var rows = Rows.FromSource(new ListSource([1, -7, 3], 3) { Hole = -7 });

        Assert.That(model.LogLikelihood(rows)[0], Is.EqualTo(Math.Log(Some.Probability(1, -1, 3))).Within(1e-6));
    }

    [Test]
    public void Reading_a_source_as_numbers_marks_its_holes()
    {
        double[] values = new double[2];

        Rows.FromSource(new ListSource([1, 2, 3, 4, -7, 6], 2) { Hole = -7 }).Slice(1, 2).CopyTo(1, values);

        Assert.That(values, Is.EqualTo(new[] { double.NaN, 6 }));
    }

    [Test]
    public void An_exception_of_a_source_comes_out_of_the_call_that_fetched()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile();
        var rows = Rows.FromSource(new ThrowingSource());

        Assert.That(() => model.LogLikelihood(rows), Throws.TypeOf<InvalidTimeZoneException>().With.Message.EqualTo("the disk is gone"));
        Assert.That(() => model.Forward(rows), Throws.TypeOf<InvalidTimeZoneException>());
        Assert.That(() => model.Fit(rows, new MiniBatchEm { Epochs = 1 }), Throws.TypeOf<InvalidTimeZoneException>());
        Assert.That(() => Trees.ChowLiu(rows), Throws.TypeOf<InvalidTimeZoneException>());
        Assert.That(model.LogLikelihood(Rows.Of(Some.AllRows(), 3)), Has.Length.EqualTo(24), "the model goes on");
    }

    [Test]
    public void Training_goes_through_a_source()
    {
        var rows = Some.Rows();
        double[] numbers = new double[rows.Count * rows.Variables];
        rows.CopyTo(0, numbers);
        int[] values = [.. numbers.Select(value => (int)value)];
        using CompiledCircuit fromSource = Some.Model(), fromMemory = Some.Model();
        MiniBatchEm em = new() { Epochs = 2, BatchSize = 64, Seed = 3 };

        fromSource.Fit(Rows.FromSource(new ListSource(values, rows.Variables)), em);
        fromMemory.Fit(rows, em);

        Assert.That(fromSource.BitsPerDimension(rows), Is.EqualTo(fromMemory.BitsPerDimension(rows)));
    }

    [Test]
    public void A_source_takes_no_mask() =>
        Assert.That(() => Rows.FromSource(new ListSource([1], 1)).WithMissing(new byte[1]), Throws.ArgumentException);

    private sealed class ThrowingSource : IRowSource
    {
        public long Count => 10;

        public int Variables => 3;

        public RowElement ElementType => RowElement.Byte;

        public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing) => throw new InvalidTimeZoneException("the disk is gone");
    }
}
