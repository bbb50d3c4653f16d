using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>UTF-8 texts from the native side.</summary>
internal static unsafe class NativeText
{
    /// <summary>A text that stays the native side's.</summary>
    public static string Read(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>A text in an array of a struct, which ends with a NUL or with the array.</summary>
    public static string Read(byte* text, int capacity)
    {
        int length = new ReadOnlySpan<byte>(text, capacity).IndexOf((byte)0);
        return Marshal.PtrToStringUTF8((nint)text, length < 0 ? capacity : length);
    }

    /// <summary>A text that is ours to free.</summary>
    public static string Take(byte* text)
    {
        try
        {
            return Read(text);
        }
        finally
        {
            NativeMethods.juice_text_free(text);
        }
    }
}
