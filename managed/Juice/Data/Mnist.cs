using Juice.Data;

namespace Juice;

/// <summary>MNIST (LeCun, Cortes and Burges): 60,000 images of digits for training and 10,000 for testing, 28×28 pixels of 256 greys.</summary>
/// <remarks>
/// Looked for in the folder named by <c>JUICE_DATA_MNIST</c>, then in the user's cache (<c>juice/mnist</c>). It is not downloaded.
/// </remarks>
public static class Mnist
{
    internal static DataSetSource Source { get; } = new("mnist", "JUICE_DATA_MNIST", systemFolder: null, downloads: []);

    /// <summary>Loads the images, 784 bytes a row and 256 categories a pixel.</summary>
    /// <param name="path">
    /// A folder with the IDX files <c>train-images-idx3-ubyte</c> and <c>t10k-images-idx3-ubyte</c>, gzipped or not; null to look for them.
    /// </param>
    /// <exception cref="IOException">They were not found.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public static (Rows Train, Rows Test) Load(string? path = null)
    {
        DataSet set = Source.LoadAsync(path, progress: null, CancellationToken.None).GetAwaiter().GetResult();
        return (set.Train, set.Test);
    }
}
