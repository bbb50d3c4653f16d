using System.Diagnostics.Metrics;

namespace Juice.Tests;

[NonParallelizable]
public class MeterTests
{
    private static readonly (string, object) s_cpu = (JuiceTelemetry.DeviceTag, "cpu");

    [Test]
    public void A_query_tells_its_duration_and_its_rows_by_kind_and_device()
    {
        using CompiledCircuit model = Some.Model();
        using Measured measured = new();
        var rows = Some.Rows(count: 100);

        model.LogLikelihood(rows);
        model.LogLikelihood<byte>(new byte[12]);
        model.MaxLogValue(rows.Take(7));
        model.Conditional(rows.Take(3), variable: 5);
        model.Sample(11);

        Assert.That(measured.Values(JuiceTelemetry.QueryRows, (JuiceTelemetry.QueryKindTag, "log_likelihood"), s_cpu), Is.EqualTo(new[] { 100, 1 }));
        Assert.That(measured.Values(JuiceTelemetry.QueryRows, (JuiceTelemetry.QueryKindTag, "max_log_value"), s_cpu), Is.EqualTo(new[] { 7 }));
        Assert.That(measured.Values(JuiceTelemetry.QueryRows, (JuiceTelemetry.QueryKindTag, "conditional"), s_cpu), Is.EqualTo(new[] { 3 }));
        Assert.That(measured.Values(JuiceTelemetry.QueryRows, (JuiceTelemetry.QueryKindTag, "sample"), s_cpu), Is.EqualTo(new[] { 11 }));
        Assert.That(measured.Values(JuiceTelemetry.QueryDuration, s_cpu), Has.Length.EqualTo(5).And.All.InRange(1e-7, 100));
    }

    [Test]
    public void A_query_that_fails_tells_why_and_counts_no_rows()
    {
        using CompiledCircuit model = Some.Model();
        using Measured measured = new();

        Assert.That(() => model.LogLikelihood(Rows.Of(new byte[] { 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12)), Throws.ArgumentException);
        Assert.That(() => model.MaxLogValue(Rows.FromSource(new BrokenSource())), Throws.InstanceOf<InvalidTimeZoneException>());
        model.Dispose();
        Assert.That(() => model.LogLikelihood<byte>(new byte[12]), Throws.InstanceOf<ObjectDisposedException>());

        foreach (Type error in new[] { typeof(ArgumentException), typeof(InvalidTimeZoneException), typeof(ObjectDisposedException) })
            Assert.That(measured.Values(JuiceTelemetry.QueryDuration, (JuiceTelemetry.ErrorTag, error.FullName!)), Has.Length.EqualTo(1), error.Name);
        Assert.That(measured.Values(JuiceTelemetry.QueryRows), Is.Empty);
    }

    [Test]
    public void Training_tells_the_rows_learnt_from_and_the_duration_of_epochs()
    {
        using CompiledCircuit model = Some.Model();
        using Measured measured = new();
        var rows = Some.Rows(count: 100);

        model.Fit(rows, new MiniBatchEm { Epochs = 3, BatchSize = 32 });
        model.Fit(rows, new FullBatchEm { Epochs = 1 });
        model.Forward(rows.Take(7));
        model.Backward();

        Assert.That(measured.Values(JuiceTelemetry.TrainingRows, s_cpu), Is.EqualTo(new[] { 100, 100, 100, 100, 7 }));
        Assert.That(measured.Values(JuiceTelemetry.TrainingEpochDuration, s_cpu, (JuiceTelemetry.TrainingMethodTag, "mini_batch")),
            Has.Length.EqualTo(3).And.All.Positive);
        Assert.That(measured.Values(JuiceTelemetry.TrainingEpochDuration, (JuiceTelemetry.TrainingMethodTag, "full_batch")), Has.Length.EqualTo(1));
    }

    [Test]
    public void Models_count_from_their_compilation_until_they_are_disposed()
    {
        using Measured measured = new();
        double Alive()
        {
            measured.Observe();
            return measured.Values(JuiceTelemetry.Models, s_cpu)[^1];
        }

        using CompiledCircuit first = Some.Model();
        double one = Alive();
        CompiledCircuit second = Some.Model();
        double two = Alive();
        second.Dispose();
        second.Dispose();

        Assert.That(two, Is.EqualTo(one + 1));
        Assert.That(Alive(), Is.EqualTo(one));
        Assert.That(measured.Values(JuiceTelemetry.CompileDuration, s_cpu), Has.Length.EqualTo(2).And.All.Positive);
    }

    [Test]
    public void Every_instrument_has_a_unit_a_description_and_buckets_that_rise()
    {
        using CompiledCircuit model = Some.Model();
        using Measured measured = new();

        Assert.That(measured.Instruments.Select(instrument => (instrument.Name, instrument.Unit)), Is.EquivalentTo(new[]
        {
            ("juice.query.duration", "s"),
            ("juice.query.rows", "{row}"),
            ("juice.training.rows", "{row}"),
            ("juice.training.epoch.duration", "s"),
            ("juice.compile.duration", "s"),
            ("juice.models", "{model}"),
        }));
        Assert.That(measured.Instruments.Select(instrument => instrument.Description), Is.All.Not.Empty);
        Assert.That(measured.Instruments.OfType<Histogram<double>>().Select(one => one.Advice?.HistogramBucketBoundaries), Is.All.Not.Null.And.All.Ordered);
        Assert.That(measured.Instruments.OfType<Histogram<long>>().Select(one => one.Advice?.HistogramBucketBoundaries), Is.All.Not.Null.And.All.Ordered);
    }

    [Test]
    public void Listening_to_single_row_queries_allocates_nothing_either()
    {
        using CompiledCircuit model = Some.Model();
        using MeterListener listener = new();
        long heard = 0;
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == JuiceTelemetry.Name) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => heard++);
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => heard++);
        listener.Start();
        byte[] row = new byte[12];
        for (int i = 0; i < 200; i++) model.LogLikelihood<byte>(row);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) model.LogLikelihood<byte>(row);
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.That(heard, Is.EqualTo(600));
        Assert.That(after - before, Is.Zero);
    }

    private sealed class BrokenSource : IRowSource
    {
        public long Count => 3;

        public int Variables => 12;

        public RowElement ElementType => RowElement.Byte;

        public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing) => throw new InvalidTimeZoneException();
    }
}
