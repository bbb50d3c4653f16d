using System.Diagnostics.Metrics;

namespace Juice.Service;

/// <summary>The meter <c>Juice.Service</c>: how requests gather into calls. The calls themselves are measured by the library's own meter.</summary>
internal sealed class ServiceMetrics
{
    public const string MeterName = "Juice.Service";

    public const string ModelTag = "juice.model.name";

    private readonly Histogram<int> _requests, _rows;
    private readonly Histogram<double> _waited;
    private readonly UpDownCounter<int> _queued;
    private readonly Counter<long> _rejected;

    public ServiceMetrics(IMeterFactory meters)
    {
        Meter meter = meters.Create(MeterName);
        InstrumentAdvice<int> powers = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096] };
        InstrumentAdvice<double> seconds = new() { HistogramBucketBoundaries = [1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] };
        _requests = meter.CreateHistogram("juice.service.batch.requests", "{request}", "Requests that one call answered.", tags: null, powers);
        _rows = meter.CreateHistogram("juice.service.batch.rows", "{row}", "Rows of one call.", tags: null, powers);
        _waited = meter.CreateHistogram("juice.service.queue.duration", "s", "How long a request waited for its call.", tags: null, seconds);
        _queued = meter.CreateUpDownCounter<int>("juice.service.queue.rows", "{row}", "Rows that wait.");
        _rejected = meter.CreateCounter<long>("juice.service.rejected", "{request}", "Requests turned away because too many rows waited.");
    }

    public void Batch(string model, int requests, int rows)
    {
        _requests.Record(requests, Tag(model));
        _rows.Record(rows, Tag(model));
    }

    public void Waited(string model, TimeSpan time) => _waited.Record(time.TotalSeconds, Tag(model));

    public void Queued(string model, int rows) => _queued.Add(rows, Tag(model));

    public void Rejected(string model) => _rejected.Add(1, Tag(model));

    private static KeyValuePair<string, object?> Tag(string model) => new(ModelTag, model);
}
