using System.Diagnostics;

namespace Juice;

/// <summary>The activity source, and how an activity says that it failed.</summary>
internal static class Tracing
{
    public static readonly ActivitySource Source = new(JuiceTelemetry.Name, typeof(Tracing).Assembly.GetName().Version?.ToString(3));

    /// <summary>An activity around a file; null where nobody listens.</summary>
    public static Activity? StartFile(string name, string? path = null)
    {
        Activity? activity = Source.StartActivity(name);
        if (path is not null) activity?.SetTag(JuiceTelemetry.FileTag, path);
        return activity;
    }

    /// <summary>Marks an activity as failed. Always false: for the filter of a catch, which lets the exception pass.</summary>
    public static bool Failed(this Activity? activity, Exception exception)
    {
        activity?.SetTag(JuiceTelemetry.ErrorTag, exception.GetType().FullName);
        activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
        return false;
    }
}
