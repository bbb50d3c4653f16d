using System.Diagnostics.Metrics;

namespace Juice.Tests;

/// <summary>What Juice's meter says while this lives.</summary>
internal sealed class Measured : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> _all = [];
    private readonly MeterListener _listener = new();

    public Measured()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != JuiceTelemetry.Name) return;
            Instruments.Add(instrument);
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public List<Instrument> Instruments { get; } = [];

    public void Observe() => _listener.RecordObservableInstruments();

    /// <summary>The values of one instrument whose tags hold all of these.</summary>
    public double[] Values(string name, params (string Tag, object Value)[] tags)
    {
        lock (_lock)
        {
            return [.. _all.Where(one => one.Name == name && tags.All(tag => tag.Value.Equals(one.Tags.GetValueOrDefault(tag.Tag)))).Select(one => one.Value)];
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Dictionary<string, object?> copy = [];
        foreach (var (tag, tagged) in tags) copy.Add(tag, tagged);
        lock (_lock) _all.Add((instrument.Name, value, copy));
    }
}
