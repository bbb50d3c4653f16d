using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>
/// A progress callback for the length of one native call: reports, asks the token, and keeps an exception of the report to be thrown after
/// the call. Where there is nothing to report and nothing to cancel, the native side gets no callback.
/// </summary>
internal readonly unsafe ref struct ProgressScope : IDisposable
{
    private readonly GCHandle<State> _handle;

    public ProgressScope(Action<long, long, double>? report, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (report is not null || cancellation.CanBeCanceled) _handle = new GCHandle<State>(new State(report, cancellation));
    }

    public delegate* unmanaged[Cdecl]<long, long, double, void*, int> Callback => _handle.IsAllocated ? &Invoke : null;

    public void* User => (void*)(_handle.IsAllocated ? GCHandle<State>.ToIntPtr(_handle) : 0);

    /// <summary>Throws what the report threw, else what the status says.</summary>
    public void Check(int status)
    {
        if (_handle.IsAllocated)
        {
            State state = _handle.Target;
            state.Failure?.Throw();
            if (status == Status.Cancelled) state.Cancellation.ThrowIfCancellationRequested();
        }
        Status.Check(status);
    }

    public void Dispose()
    {
        if (_handle.IsAllocated) _handle.Dispose();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Invoke(long done, long total, double value, void* user)
    {
        State state = GCHandle<State>.FromIntPtr((nint)user).Target;
        try
        {
            state.Report?.Invoke(done, total, value);
            return state.Cancellation.IsCancellationRequested ? 1 : 0;
        }
        catch (Exception e)
        {
            state.Failure = ExceptionDispatchInfo.Capture(e);
            return 1;
        }
    }

    private sealed class State(Action<long, long, double>? report, CancellationToken cancellation)
    {
        public Action<long, long, double>? Report => report;

        public CancellationToken Cancellation => cancellation;

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
