using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>A growing piece of native memory: a stream's bytes, which may be more than an array holds.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private long _capacity;

    public byte* Pointer { get; private set; }

    public long Length { get; private set; }

    public static NativeBuffer ReadToEnd(Stream stream)
    {
        NativeBuffer buffer = new();
        try
        {
            buffer.Reserve(stream.CanSeek ? Math.Max(stream.Length - stream.Position, 0) + 1 : 1 << 16); // + 1: the read that finds the end
            while (true)
            {
                if (buffer.Length == buffer._capacity) buffer.Reserve(buffer._capacity * 2);
                int read = stream.Read(new Span<byte>(buffer.Pointer + buffer.Length, (int)Math.Min(buffer._capacity - buffer.Length, 1 << 30)));
                if (read == 0) return buffer;
                buffer.Length += read;
            }
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(Pointer);
        Pointer = null;
    }

    private void Reserve(long capacity)
    {
        Pointer = (byte*)NativeMemory.Realloc(Pointer, checked((nuint)capacity));
        _capacity = capacity;
    }
}
