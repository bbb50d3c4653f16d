namespace Juice.Extensions.DependencyInjection;

/// <summary>
/// A model that stays as it is until this is disposed. Scoped under its name as the key (<c>[FromKeyedServices("NAME")] ModelLease</c>): then it
/// is one model for a whole request, and the scope disposes it.
/// </summary>
/// <remarks>Disposing twice does nothing more. Do not dispose <see cref="Model"/>: it is shared.</remarks>
public sealed class ModelLease : IDisposable
{
    private readonly SharedModel _shared;
    private int _disposed;

    // The reference is the caller's, who has added it.
    internal ModelLease(SharedModel shared) => _shared = shared;

    /// <summary>The model.</summary>
    /// <exception cref="ObjectDisposedException">The lease has been disposed.</exception>
    public CompiledCircuit Model
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            return _shared.Model;
        }
    }

    /// <summary>Which loading of the file it came from, counted from 1.</summary>
    public int Generation => _shared.Generation;

    /// <summary>Gives the model back. The last one to do so frees one whose place a newer one has taken.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) _shared.Release();
    }
}
