namespace Juice.Data;

/// <summary>A data set in its published parts.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Train">The rows to learn from.</param>
/// <param name="Test">The rows to be judged by.</param>
public sealed record DataSet(string Name, Rows Train, Rows Test);

/// <summary>How far a download is.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Bytes">What has arrived.</param>
/// <param name="Total">The file's size; null where the server does not say.</param>
public readonly record struct DownloadProgress(string File, long Bytes, long? Total);

/// <summary>The data sets that Juice knows by name.</summary>
public static class DataSets
{
    /// <summary>The names, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names { get; } = ["fashion-mnist", "mnist"];

    /// <summary>Loads a data set by its name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="progress">Told how far a download is, where one is needed.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ArgumentException">No data set has this name.</exception>
    /// <exception cref="IOException">It could be neither found nor downloaded.</exception>
    /// <exception cref="InvalidDataException">A file of it is damaged.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static Task<DataSet> LoadAsync(
        string name, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default) => name switch
    {
        "fashion-mnist" => FashionMnist.Source.LoadAsync(null, progress, cancellationToken),
        "mnist" => Mnist.Source.LoadAsync(null, progress, cancellationToken),
        _ => throw new ArgumentException($"There is no data set '{name}'; there are {string.Join(" and ", Names)}."),
    };

    /// <summary>
    /// Loads a data set of images from a folder with the files <c>train-images-idx3-ubyte</c> and <c>t10k-images-idx3-ubyte</c>, gzipped
    /// (<c>.gz</c>) or not.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">A file is not there or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file does not hold images of bytes.</exception>
    public static DataSet LoadFolder(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ImageFolder.Load(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))), path);
    }
}
