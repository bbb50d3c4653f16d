using Microsoft.Win32.SafeHandles;

namespace Juice.Interop;

internal sealed class CircuitHandle() : NativeHandle(NativeMethods.juice_circuit_free);

internal sealed class ModelHandle() : NativeHandle(NativeMethods.juice_model_free)
{
    /// <summary>Where the model counts as alive, until its memory is given back.</summary>
    public Instruments.AliveCount? Alive { get; set; }

    protected override bool ReleaseHandle()
    {
        Alive?.Remove();
        return base.ReleaseHandle();
    }
}

/// <summary>A reference to something native, given back by the function that frees its kind.</summary>
internal abstract class NativeHandle(Action<nint> free) : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        free(handle);
        return true;
    }
}
