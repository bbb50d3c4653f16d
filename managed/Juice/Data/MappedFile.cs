using System.IO.MemoryMappedFiles;

namespace Juice.Data;

/// <summary>A part of a file, mapped for reading. It stays mapped until nothing refers to this object any more.</summary>
internal sealed unsafe class MappedFile
{
    private readonly MemoryMappedViewAccessor _view;

    public MappedFile(FileStream file, long offset, long length)
    {
        using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(
            file, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = map.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Address = (nint)(start + _view.PointerOffset);
    }

    /// <summary>Where the part begins in memory.</summary>
    public nint Address { get; }

    // Acquiring the pointer holds the view; its own finalizer would wait for this release for ever.
    ~MappedFile()
    {
        if (_view is null) return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
    }
}
