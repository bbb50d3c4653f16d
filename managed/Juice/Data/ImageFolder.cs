namespace Juice.Data;

/// <summary>A folder laid out like MNIST's: IDX files of images, for training and for testing.</summary>
internal static class ImageFolder
{
    public const string TrainImages = "train-images-idx3-ubyte";
    public const string TestImages = "t10k-images-idx3-ubyte";

    public static DataSet Load(string name, string folder, CancellationToken cancellation = default)
    {
        DataSet set = new(name, LoadImages(folder, TrainImages, cancellation), LoadImages(folder, TestImages, cancellation));
        if (set.Test.Variables != set.Train.Variables)
            throw new InvalidDataException(
                $"{folder}: images for training have {set.Train.Variables} pixels, those for testing {set.Test.Variables}");
        return set;
    }

    public static bool Holds(string folder) => Find(folder, TrainImages) is not null && Find(folder, TestImages) is not null;

    private static string? Find(string folder, string file) =>
        new[] { file, file + ".gz" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static Rows LoadImages(string folder, string file, CancellationToken cancellation)
    {
        string path = Find(folder, file) ?? throw new FileNotFoundException($"There is no file '{file}' or '{file}.gz' in '{folder}'.", file);
        Rows images = RowFiles.Load(path, cancellationToken: cancellation);
        if (images.ElementType != RowElement.Byte) throw new InvalidDataException($"{path}: images are of bytes, not of {images.ElementType}");
        return images.WithCategories(256);
    }
}
