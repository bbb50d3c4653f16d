using Juice.Interop;

namespace Juice;

/// <summary>Which Juice this is.</summary>
public static class JuiceVersion
{
    /// <summary>The version of the native library, "0.1.0".</summary>
    public static unsafe string Native => NativeText.Read(NativeMethods.juice_version());
}
