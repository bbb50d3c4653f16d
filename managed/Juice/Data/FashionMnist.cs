using Juice.Data;

namespace Juice;

/// <summary>
/// Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): 60,000 images of clothes for training and 10,000 for testing, 28×28 pixels of 256 greys.
/// </summary>
/// <remarks>
/// Looked for in the folder named by <c>JUICE_DATA_FASHION_MNIST</c>, then where Debian's package <c>dataset-fashion-mnist</c> puts it, then in
/// the user's cache; where none has it, it is downloaded into the cache, checked by SHA-256.
/// </remarks>
public static class FashionMnist
{
    internal static DataSetSource Source { get; } = new(
        "fashion-mnist", "JUICE_DATA_FASHION_MNIST", "/usr/share/datasets/fashion-mnist",
        [
            At(ImageFolder.TrainImages, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            At(ImageFolder.TestImages, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        ]);

    /// <summary>Loads the images, 784 bytes a row and 256 categories a pixel.</summary>
    /// <param name="path">A folder with the IDX files; null to look for them.</param>
    /// <exception cref="IOException">They could be neither found nor downloaded.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public static (Rows Train, Rows Test) Load(string? path = null) => LoadAsync(path).GetAwaiter().GetResult();

    /// <inheritdoc cref="Load"/>
    /// <param name="path">A folder with the IDX files; null to look for them.</param>
    /// <param name="progress">Told how far a download is, where one is needed.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static async Task<(Rows Train, Rows Test)> LoadAsync(
        string? path = null, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        DataSet set = await Source.LoadAsync(path, progress, cancellationToken).ConfigureAwait(false);
        return (set.Train, set.Test);
    }

    private static Download At(string file, string sha256) =>
        new(file + ".gz", new($"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/{file}.gz"), sha256);
}
