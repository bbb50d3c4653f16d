using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Juice;

/// <summary>The meter's instruments, which <see cref="JuiceTelemetry"/> describes.</summary>
internal static class Instruments
{
    private static readonly Meter s_meter = new(JuiceTelemetry.Name, typeof(Instruments).Assembly.GetName().Version?.ToString(3));
    private static readonly ConcurrentDictionary<string, AliveCount> s_alive = new();

    // From 10 µs, a row through a small circuit, to 10 s, and rows by powers of 2: a bucket is at most as wide as its lower bound or so.
    private static readonly InstrumentAdvice<double> s_queryBuckets = new()
    {
        HistogramBucketBoundaries = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly InstrumentAdvice<long> s_rowBuckets = new()
    {
        HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576],
    };

    private static readonly InstrumentAdvice<double> s_workBuckets = new()
    {
        HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
    };

    public static readonly Histogram<double> QueryDuration =
        s_meter.CreateHistogram(JuiceTelemetry.QueryDuration, "s", "Duration of a query.", tags: null, s_queryBuckets);

    public static readonly Histogram<long> QueryRows =
        s_meter.CreateHistogram(JuiceTelemetry.QueryRows, "{row}", "Rows of a query.", tags: null, s_rowBuckets);

    public static readonly Counter<long> TrainingRows = s_meter.CreateCounter<long>(JuiceTelemetry.TrainingRows, "{row}", "Rows learnt from.");

    public static readonly Histogram<double> TrainingEpochDuration =
        s_meter.CreateHistogram(JuiceTelemetry.TrainingEpochDuration, "s", "Duration of a pass over the training rows.", tags: null, s_workBuckets);

    public static readonly Histogram<double> CompileDuration =
        s_meter.CreateHistogram(JuiceTelemetry.CompileDuration, "s", "Duration of a compilation.", tags: null, s_workBuckets);

    public static readonly ObservableUpDownCounter<long> Models =
        s_meter.CreateObservableUpDownCounter(JuiceTelemetry.Models, Alive, "{model}", "Models that hold native memory.");

    /// <summary>Counts a model on a device until <see cref="AliveCount.Remove"/>.</summary>
    public static AliveCount AddModel(string device)
    {
        AliveCount count = s_alive.GetOrAdd(device, _ => new());
        count.Add();
        return count;
    }

    public static KeyValuePair<string, object?> Device(string name) => new(JuiceTelemetry.DeviceTag, name);

    private static IEnumerable<Measurement<long>> Alive() => s_alive.Select(pair => new Measurement<long>(pair.Value.Count, Device(pair.Key)));

    /// <summary>The models alive on one device.</summary>
    internal sealed class AliveCount
    {
        private long _count;

        public long Count => Volatile.Read(ref _count);

        public void Add() => Interlocked.Increment(ref _count);

        public void Remove() => Interlocked.Decrement(ref _count);
    }
}
