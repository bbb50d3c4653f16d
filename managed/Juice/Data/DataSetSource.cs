using System.Net;

namespace Juice.Data;

/// <summary>Where a named data set of images may lie, in the order in which the places are tried.</summary>
/// <param name="name">The data set's name, also that of its folder in the cache.</param>
/// <param name="environmentVariable">Names a folder; where it is set, no other place is tried.</param>
/// <param name="systemFolder">Where the operating system's package puts it.</param>
/// <param name="downloads">The files to fetch into the cache where nothing was found.</param>
internal sealed class DataSetSource(string name, string environmentVariable, string? systemFolder, IReadOnlyList<Download> downloads)
{
    /// <summary>How requests are sent: replaced where there must be no network.</summary>
    public Func<HttpMessageHandler> Handler { get; init; } = () => new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None };

    public IReadOnlyList<Download> Downloads => downloads;

    public string CacheFolder { get; init; } = Path.Combine(DataCache.Folder, name);

    public async Task<DataSet> LoadAsync(string? path, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        if (path is not null) return ImageFolder.Load(name, path, cancellation);
        if (Environment.GetEnvironmentVariable(environmentVariable) is { Length: > 0 } named) return ImageFolder.Load(name, named, cancellation);
        if (systemFolder is not null && ImageFolder.Holds(systemFolder)) return ImageFolder.Load(name, systemFolder, cancellation);
        if (!ImageFolder.Holds(CacheFolder))
        {
            if (downloads.Count == 0)
            {
                throw new FileNotFoundException(
                    $"The data set {name} is not in '{CacheFolder}'; put its files there or name their folder in {environmentVariable}.");
            }
            await FetchAsync(progress, cancellation).ConfigureAwait(false);
        }
        return ImageFolder.Load(name, CacheFolder, cancellation);
    }

    private async Task FetchAsync(IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        using HttpClient client = new(Handler());
        foreach (Download download in downloads)
        {
            try
            {
                await download.FetchAsync(client, CacheFolder, progress, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                string reason = e.Message.TrimEnd('.');
                throw new IOException(
                    $"{download.Address} could not be downloaded ({reason}); name a folder that holds {name} in {environmentVariable}.", e);
            }
        }
    }
}
