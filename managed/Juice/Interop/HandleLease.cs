using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>Keeps a handle from being released while pointers into what it owns are in use.</summary>
internal readonly ref struct HandleLease : IDisposable
{
    private readonly SafeHandle _handle;

    public HandleLease(SafeHandle handle)
    {
        bool taken = false;
        handle.DangerousAddRef(ref taken);
        _handle = handle;
    }

    public void Dispose() => _handle.DangerousRelease();
}
