using System.Diagnostics;

namespace Juice;

/// <summary>One query as those who listen see it: its duration, its rows, an activity. Where nobody does, starting and stopping are three tests.</summary>
internal readonly struct QueryTimer
{
    private readonly string _kind, _device;
    private readonly long _rows, _start;
    private readonly Activity? _activity;

    private QueryTimer(string kind, string device, long rows)
    {
        (_kind, _device, _rows) = (kind, device, rows);
        _activity = Tracing.Source.StartActivity(JuiceTelemetry.QueryActivity);
        if (_activity is { IsAllDataRequested: true })
        {
            _activity.SetTag(JuiceTelemetry.QueryKindTag, kind);
            _activity.SetTag(JuiceTelemetry.DeviceTag, device);
            _activity.SetTag(JuiceTelemetry.RowsTag, rows);
        }
        _start = Stopwatch.GetTimestamp();
    }

    public static QueryTimer Start(string kind, string device, long rows) =>
        Instruments.QueryDuration.Enabled || Instruments.QueryRows.Enabled || Tracing.Source.HasListeners() ? new(kind, device, rows) : default;

    /// <summary>The query was answered.</summary>
    public void Stop()
    {
        if (_start != 0) Record(error: null);
    }

    /// <summary>The query ended with an exception. Always false: for the filter of a catch, which lets the exception pass.</summary>
    public bool Failed(Exception exception)
    {
        if (_start == 0) return false;
        _activity.Failed(exception);
        Record(exception.GetType().FullName);
        return false;
    }

    private void Record(string? error)
    {
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        TagList tags = new() { { JuiceTelemetry.QueryKindTag, _kind }, { JuiceTelemetry.DeviceTag, _device } };
        if (error is null) Instruments.QueryRows.Record(_rows, tags);
        else tags.Add(JuiceTelemetry.ErrorTag, error);
        Instruments.QueryDuration.Record(seconds, tags);
        _activity?.Dispose();
    }
}

/// <summary>The values of <see cref="JuiceTelemetry.QueryKindTag"/>.</summary>
internal static class QueryKind
{
    public const string LogLikelihood = "log_likelihood";
    public const string MaxLogValue = "max_log_value";
    public const string Conditional = "conditional";
    public const string Sample = "sample";
}
