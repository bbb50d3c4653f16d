using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>A sink callback that writes to a stream for the length of one native call, and keeps the stream's exception to be thrown after it.</summary>
internal readonly unsafe ref struct SinkScope(Stream stream) : IDisposable
{
    private readonly GCHandle<State> _handle = new(new State(stream));

    public static delegate* unmanaged[Cdecl]<void*, long, void*, int> Callback => &Write;

    public void* User => (void*)GCHandle<State>.ToIntPtr(_handle);

    public void Check(int status)
    {
        _handle.Target.Failure?.Throw();
        Status.Check(status);
    }

    public void Dispose() => _handle.Dispose();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(void* bytes, long length, void* user)
    {
        State state = GCHandle<State>.FromIntPtr((nint)user).Target;
        try
        {
            for (long at = 0; at < length;)
            {
                int piece = (int)Math.Min(length - at, 1 << 30);
                state.Stream.Write(new ReadOnlySpan<byte>((byte*)bytes + at, piece));
                at += piece;
            }
            return 0;
        }
        catch (Exception e)
        {
            state.Failure = ExceptionDispatchInfo.Capture(e);
            return 1;
        }
    }

    private sealed class State(Stream stream)
    {
        public Stream Stream => stream;

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
