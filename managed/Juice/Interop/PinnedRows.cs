using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>
/// <see cref="Rows"/> as a juice_rows for the length of one native call: memory held in place, or a callback that fetches from the source
/// and keeps its exception to be thrown after the call.
/// </summary>
internal readonly unsafe ref struct PinnedRows : IDisposable
{
    private readonly MemoryHandle _data, _missing, _weights, _selection;
    private readonly GCHandle<State> _source;

    public readonly NativeRows Native;

    /// <param name="rows">The rows.</param>
    /// <param name="version">Not 0: a promise that all rows given to a model under this number are the same, so that a device may keep them.</param>
    public PinnedRows(Rows rows, int version = 0)
    {
        Native = new NativeRows
        {
            Size = sizeof(NativeRows),
            Element = (int)rows.ElementType,
            Count = rows.Count,
            Variables = rows.Variables,
            HasSentinel = rows.Sentinel.HasValue ? 1 : 0,
            Sentinel = rows.Sentinel ?? 0,
            Version = version,
        };
        if (rows.Storage is not null)
        {
            _data = rows.Storage.Pin();
            Native.Data = _data.Pointer is null ? (void*)sizeof(double) : _data.Pointer; // no rows may have no address; the native side wants one
            Native.Mapped = rows.IsMapped ? 1 : 0;
        }
        else
        {
            _source = new GCHandle<State>(new State(rows));
            Native.Fetch = &Fetch;
            Native.User = (void*)GCHandle<State>.ToIntPtr(_source);
        }
        if (!rows.Missing.IsEmpty)
        {
            _missing = rows.Missing.Pin();
            Native.Missing = (byte*)_missing.Pointer;
        }
        if (rows.Places is { IsEmpty: false } places)
        {
            _selection = places.Pin();
            Native.Selection = (long*)_selection.Pointer;
            Native.DataCount = rows.StoredCount;
        }
        if (!rows.Weights.IsEmpty)
        {
            _weights = rows.Weights.Pin();
            Native.Weights = (float*)_weights.Pointer;
        }
    }

    /// <summary>Throws what the source threw, if it did. To be called before the status is looked at.</summary>
    public void ThrowIfFailed()
    {
        if (_source.IsAllocated) _source.Target.Failure?.Throw();
    }

    public void Dispose()
    {
        _data.Dispose();
        _missing.Dispose();
        _weights.Dispose();
        _selection.Dispose();
        if (_source.IsAllocated) _source.Dispose();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Fetch(long* indices, long n, void* destination, byte* missing, void* user)
    {
        State state = GCHandle<State>.FromIntPtr((nint)user).Target;
        try
        {
            int entries = checked((int)n * state.Rows.Variables);
            state.Rows.Fetch(
                new ReadOnlySpan<long>(indices, (int)n),
                new Span<byte>(destination, checked(entries * state.Rows.ElementType.Size())),
                missing is null ? [] : new Span<byte>(missing, entries));
            return 0;
        }
        catch (Exception e)
        {
            state.Failure = ExceptionDispatchInfo.Capture(e);
            return 1;
        }
    }

    private sealed class State(Rows rows)
    {
        public Rows Rows => rows;

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
