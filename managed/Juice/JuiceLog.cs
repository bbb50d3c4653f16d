using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Juice.Interop;
using Microsoft.Extensions.Logging;

namespace Juice;

/// <summary>Where the log lines go that belong to no training: those of the native library, and a line a compilation.</summary>
/// <remarks>One logger a process. Safe to use from any number of threads. <see cref="JuiceEventIds"/> has the event ids.</remarks>
public static partial class JuiceLog
{
    private static readonly Lock s_change = new();
    private static volatile ILogger? s_logger;
    private static volatile int s_minimumLevel;

    /// <summary>Sends log lines to a logger from now on; null, as at the start, turns them off.</summary>
    /// <param name="logger">The logger. It may be called from any thread.</param>
    /// <param name="minimumLevel">Lines under this level are not made at all.</param>
    public static unsafe void UseLogger(ILogger? logger, LogLevel minimumLevel = LogLevel.Information)
    {
        lock (s_change)
        {
            s_logger = logger;
            s_minimumLevel = (int)minimumLevel;
            NativeMethods.juice_set_log(logger is null ? null : Callback, null, (int)minimumLevel);
        }
    }

    /// <summary>Turns log lines off if they go to this logger; where somebody else's has taken its place, they go on.</summary>
    public static void StopUsing(ILogger logger)
    {
        lock (s_change)
        {
            if (s_logger == logger) UseLogger(null);
        }
    }

    internal static void CircuitCompiled(int variables, int vectors, string device, double seconds)
    {
        if (s_logger is ILogger logger && s_minimumLevel <= (int)LogLevel.Debug) Compiled(logger, variables, vectors, device, seconds);
    }

    internal static unsafe delegate* unmanaged[Cdecl]<int, byte*, void*, void> Callback => &Write;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Write(int level, byte* message, void* user)
    {
        try
        {
            if (s_logger is not ILogger logger) return;
            LogLevel logLevel = (LogLevel)level;
            if (!logger.IsEnabled(logLevel)) return;
            string line = NativeText.Read(message);
            Line(logger, logLevel, line);
        }
        catch (Exception)
        {
            // A logger that throws must not take the native call down with it, and there is nobody to tell.
        }
    }

    [LoggerMessage(EventId = JuiceEventIds.NativeLine, Message = "{Message}")]
    private static partial void Line(ILogger logger, LogLevel level, string message);

    [LoggerMessage(JuiceEventIds.Compiled, LogLevel.Debug, "Compiled {Variables} variables in {Vectors} vectors for {Device} in {Seconds:F3} s")]
    private static partial void Compiled(ILogger logger, int variables, int vectors, string device, double seconds);
}
