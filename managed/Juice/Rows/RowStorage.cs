using System.Buffers;

namespace Juice;

/// <summary>Where the entries of <see cref="Rows"/> lie, and how to hold them still for a native call.</summary>
internal abstract class RowStorage
{
    /// <summary>Holds the entries in place until the handle is disposed; its pointer is the first entry.</summary>
    public abstract MemoryHandle Pin();

    /// <summary>The same storage without what lies outside of <paramref name="count"/> entries from <paramref name="start"/>.</summary>
    public abstract RowStorage Slice(long start, long count);
}

/// <summary>Entries in managed memory.</summary>
internal sealed class MemoryStorage<T>(ReadOnlyMemory<T> memory) : RowStorage where T : unmanaged
{
    public override MemoryHandle Pin() => memory.Pin();

    public override RowStorage Slice(long start, long count) => new MemoryStorage<T>(memory.Slice(checked((int)start), checked((int)count)));
}

/// <summary>Entries at a fixed address, for instance in a mapped file, that live as long as their owner.</summary>
internal sealed class PointerStorage(nint address, int elementSize, object owner) : RowStorage
{
    public override unsafe MemoryHandle Pin() => new((void*)address, default, new KeepAlive(owner));

    public override RowStorage Slice(long start, long count) => new PointerStorage(checked((nint)(address + start * elementSize)), elementSize, owner);

    private sealed class KeepAlive(object owner) : IPinnable
    {
        public MemoryHandle Pin(int elementIndex) => throw new NotSupportedException();

        public void Unpin() => GC.KeepAlive(owner);
    }
}
