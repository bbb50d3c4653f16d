using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>juice_status, and the exception that each becomes.</summary>
internal static class Status
{
    public const int Ok = 0;
    public const int Argument = 1;
    public const int Cancelled = 2;
    public const int File = 3;
    public const int Format = 4;
    public const int Memory = 5;
    public const int Unsupported = 6;
    public const int Internal = 7;
    public const int DeviceLost = 8;

    /// <summary>Throws what the calling thread's last error says where <paramref name="status"/> is not <see cref="Ok"/>.</summary>
    public static void Check(int status)
    {
        if (status != Ok) Throw(status);
    }

    public static Exception ToException(int status, string message) => status switch
    {
        Argument => new ArgumentException(message),
        Cancelled => new OperationCanceledException(message),
        File => new IOException(message),
        Format => new InvalidDataException(message),
        _ => new JuiceException(message),
    };

    [DoesNotReturn]
    private static unsafe void Throw(int status) =>
        throw ToException(status, Marshal.PtrToStringUTF8((nint)NativeMethods.juice_last_error()) ?? $"Juice failed with status {status}.");
}
