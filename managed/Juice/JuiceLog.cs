using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Juice.Interop;
using Microsoft.Extensions.Logging;

namespace Juice;

/// <summary>Where the native library's log lines go.</summary>
/// <remarks>One logger a process. Safe to use from any number of threads.</remarks>
public static partial class JuiceLog
{
    private static volatile ILogger? s_logger;

    /// <summary>Sends log lines of the native library to a logger from now on; null, as at the start, turns them off.</summary>
    /// <param name="logger">The logger. It may be called from any thread.</param>
    /// <param name="minimumLevel">Lines under this level are not made at all.</param>
    public static unsafe void UseLogger(ILogger? logger, LogLevel minimumLevel = LogLevel.Information)
    {
        s_logger = logger;
        NativeMethods.juice_set_log(logger is null ? null : Callback, null, (int)minimumLevel);
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

    [LoggerMessage(EventId = 100, Message = "{Message}")]
    private static partial void Line(ILogger logger, LogLevel level, string message);
}
