namespace Juice.Data;

/// <summary>A stream whose first bytes can be looked at before they are read, also where it cannot seek (a pipe, an unpacked stream).</summary>
internal sealed class PrefixedStream : Stream
{
    private readonly Stream _inner;
    private readonly byte[] _prefix;
    private readonly int _prefixLength;
    private long _position;

    public PrefixedStream(Stream inner, int prefixLength)
    {
        _inner = inner;
        // What is left of the file, where that can be known: it bounds what a header may promise.
        Available = inner is FileStream or MemoryStream && inner.CanSeek ? inner.Length - inner.Position : null;
        Start = Available is null ? 0 : inner.Position;
        _prefix = new byte[prefixLength];
        _prefixLength = inner.ReadAtLeast(_prefix, prefixLength, throwOnEndOfStream: false);
    }

    public ReadOnlySpan<byte> Prefix => _prefix.AsSpan(0, _prefixLength);

    /// <summary>Bytes from the stream's beginning to its end; null where nobody knows.</summary>
    public long? Available { get; }

    /// <summary>Where in the file the stream's beginning lies.</summary>
    public long Start { get; }

    /// <summary>The file itself, where the stream is one.</summary>
    public FileStream? File => _inner as FileStream;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        int read;
        if (_position < _prefixLength)
        {
            read = Math.Min(buffer.Length, _prefixLength - (int)_position);
            _prefix.AsSpan((int)_position, read).CopyTo(buffer);
        }
        else
        {
            read = _inner.Read(buffer);
        }
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
