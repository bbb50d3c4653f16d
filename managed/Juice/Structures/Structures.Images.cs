namespace Juice;

public static partial class Structures
{
    /// <summary>
    /// A quad tree over an image: a region is the product of its four quadrants, these again, down to pixels (the region graphs of Loconte et al., "What is
    /// the Relationship between Tensor Factorizations and Circuits (and How Can We Exploit it)?", 2025).
    /// </summary>
    /// <remarks>A region one pixel wide is split in two; extents that are no power of two give the odd row or column to the first half.</remarks>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="width">Columns of pixels.</param>
    /// <param name="distributions">Each pixel's distribution, row by row; any but an indicator.</param>
    /// <param name="latents">Nodes a region.</param>
    /// <param name="seed">Draws the parameters.</param>
    /// <param name="roots">Nodes of the root, each a distribution over all variables, which share all below.</param>
    /// <exception cref="ArgumentException">A value breaks a rule.</exception>
    public static Circuit QuadTree(int height, int width, IReadOnlyList<Distribution> distributions, int latents, ulong seed = 0, int roots = 1) =>
        Quads.Build(height, width, distributions, latents, seed, roots, bothWays: false);

    /// <summary>
    /// A quad graph over an image: a quad tree in which every region is split both ways, into an upper and a lower half and into a left and a right one,
    /// whose halves share the quadrants (same paper).
    /// </summary>
    /// <inheritdoc cref="QuadTree"/>
    public static Circuit QuadGraph(int height, int width, IReadOnlyList<Distribution> distributions, int latents, ulong seed = 0, int roots = 1) =>
        Quads.Build(height, width, distributions, latents, seed, roots, bothWays: true);
}
