namespace Juice.Cli.Benchmarks.Twenty;

/// <summary>
/// The twenty binary data sets that density estimators are compared on, each with the mean test log-likelihood, in nats, that was published for HCLT (Liu &amp;
/// Van den Broeck, "Tractable Regularization of Probabilistic Circuits", 2021; of cr52 and c20ng the best seed's).
/// </summary>
internal static class TwentySets
{
    public static readonly IReadOnlyList<(string Name, double Published)> All =
    [
        ("nltcs", -5.9994), ("msnbc", -6.0577), ("kdd", -2.1409), ("plants", -14.2648), ("baudio", -39.7680), ("jester", -52.3764),
        ("bnetflix", -56.2481), ("accidents", -26.7362), ("tretail", -10.8554), ("pumsb_star", -23.6499), ("dna", -79.0507), ("kosarek", -10.5977),
        ("msweb", -9.9060), ("book", -33.5340), ("tmovie", -50.5377), ("cwebkb", -150.8377), ("cr52", -84.120), ("c20ng", -151.540),
        ("bbc", -249.0487), ("ad", -16.0643),
    ];

    private static readonly string[] s_parts = ["ts", "valid", "test"];

    public static double Published(string name) => All.First(set => set.Name == name).Published;

    /// <summary>The file of a part of a set, packed or not; null where it is not there.</summary>
    /// <param name="folder">The folder of all sets.</param>
    /// <param name="name">The set.</param>
    /// <param name="part"><c>ts</c> to train on, <c>valid</c> or <c>test</c>.</param>
    public static string? Find(string folder, string name, string part) =>
        new[] { $"{name}.{part}.data.gz", $"{name}.{part}.data" }.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    /// <summary>The sets whose three parts are in a folder.</summary>
    public static string[] In(string folder) =>
        [.. All.Select(set => set.Name).Where(name => s_parts.All(part => Find(folder, name, part) is not null))];
}
