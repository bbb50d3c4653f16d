using Microsoft.Extensions.Logging;

namespace Juice.Extensions.DependencyInjection;

/// <summary>One model of a service: its loading, its status, and what is in use now.</summary>
internal sealed class HostedModel(string name, string path, JuiceModelOptions options, ILogger logger, TimeProvider time) : IJuiceModel
{
    private readonly Lock _loading = new();
    private volatile JuiceModelStatus _status = new(JuiceModelState.NotLoaded, Generation: 0, LoadedAt: null, Error: null);
    private volatile SharedModel? _current;
    private volatile bool _closed;

    // What the file looked like when it was loaded last, well or not, and when it was looked at last. Under _loading.
    private FileStamp? _tried, _seen;

    public string Name => name;

    public string Path => path;

    public JuiceModelStatus Status => _status;

    public bool WatchesFile => options.Reload;

    public ModelLease Acquire()
    {
        if (_status.State == JuiceModelState.NotLoaded) LoadFirst();
        while (true)
        {
            SharedModel? current = _current;
            ObjectDisposedException.ThrowIf(_closed, this);
            if (current is null) throw new JuiceException($"The model '{name}' is not there: {_status.Error}");
            if (current.TryHold()) return new ModelLease(current); // else a newer one has taken its place since
        }
    }

    public Task<bool> ReloadAsync(CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            lock (_loading) return Load();
        },
        cancellationToken);

    /// <summary>Loads the model unless somebody has already tried.</summary>
    public void LoadFirst()
    {
        lock (_loading)
        {
            if (_status.State == JuiceModelState.NotLoaded) Load();
        }
    }

    /// <summary>Looks at the file, and loads it where it has changed and looks as it did the last time: whoever writes it has come to an end.</summary>
    public void Look()
    {
        lock (_loading)
        {
            FileStamp now = FileStamp.Of(path);
            bool settled = now == _seen;
            _seen = now;
            if (settled && now != _tried) Load();
        }
    }

    /// <summary>No more leases; the model goes with the last one that is out.</summary>
    public void Close()
    {
        lock (_loading)
        {
            _closed = true;
            _current?.Release();
            _current = null;
        }
    }

    private bool Load()
    {
        if (_closed) return false;
        long start = time.GetTimestamp();
        int generation = _status.Generation;
        try
        {
            SharedModel loaded = new(ReadFile(), generation + 1);
            SharedModel? before = _current;
            _current = loaded;
            _status = new(JuiceModelState.Loaded, loaded.Generation, time.GetUtcNow(), Error: null);
            before?.Release();
        }
        catch (Exception e)
        {
            // Whatever it is, the service goes on, and the status says what it was.
            _status = _status with { State = _current is null ? JuiceModelState.Failed : JuiceModelState.ReloadFailed, Error = e.Message };
            if (_current is null) ModelLog.Failed(logger, name, path, e);
            else ModelLog.ReloadFailed(logger, name, path, generation, e);
            return false;
        }
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        if (generation == 0) ModelLog.Loaded(logger, name, path, seconds);
        else ModelLog.Reloaded(logger, name, path, seconds, generation + 1);
        return true;
    }

    // Through memory, not mapped: a mapped file that its writer cuts short would end the process.
    private CompiledCircuit ReadFile()
    {
        FileStamp stamp = FileStamp.Of(path);
        _tried = stamp;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using Circuit circuit = Circuit.Load(file);
        if (FileStamp.Of(path) != stamp) throw new IOException($"The file {path} changed while it was read.");
        Device device = options.Device.Length == 0 ? Device.Default : Device.Named(options.Device);
        return circuit.Compile(device, new() { Threads = options.Threads, MemoryLimit = options.MemoryLimit, BatchSize = options.BatchSize, Precision = options.Precision });
    }
}
