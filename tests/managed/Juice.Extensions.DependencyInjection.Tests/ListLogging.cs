using Microsoft.Extensions.Logging;

namespace Juice.Extensions.DependencyInjection.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class ListLogging : ILoggerProvider, ILoggerFactory
{
    private readonly Lock _lock = new();
    private readonly List<(string Category, LogLevel Level, int Event, string Text)> _lines = [];

    public (string Category, LogLevel Level, int Event, string Text)[] Lines
    {
        get
        {
            lock (_lock) return [.. _lines];
        }
    }

    public int[] Events => [.. Lines.Where(line => line.Category == "Juice.Models").Select(line => line.Event)];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class Logger(ListLogging owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (owner._lock) owner._lines.Add((category, logLevel, eventId.Id, formatter(state, exception)));
        }
    }
}
