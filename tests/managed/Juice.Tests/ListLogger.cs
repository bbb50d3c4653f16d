using Microsoft.Extensions.Logging;

namespace Juice.Tests;

/// <summary>A logger that keeps its lines, or throws.</summary>
internal sealed class ListLogger : ILogger
{
    public List<string> Lines { get; } = [];

    public List<int> Events { get; } = [];

    public bool Fails { get; init; }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (Fails) throw new InvalidTimeZoneException();
        Events.Add(eventId.Id);
        Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
