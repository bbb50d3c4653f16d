namespace Juice;

/// <summary>Quad trees and quad graphs over images, as circuits.</summary>
internal sealed class Quads
{
    private readonly CircuitBuilder _builder;
    private readonly IReadOnlyList<Distribution> _distributions;
    private readonly Dictionary<Box, int> _regions = [];
    private readonly int _width, _latents;
    private readonly bool _bothWays;

    private Quads(int width, IReadOnlyList<Distribution> distributions, int latents, bool bothWays)
    {
        (_width, _distributions, _latents, _bothWays) = (width, distributions, latents, bothWays);
        _builder = new CircuitBuilder(distributions.Count);
    }

    public static Circuit Build(
        int height, int width, IReadOnlyList<Distribution> distributions, int latents, ulong seed, int roots, bool bothWays)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentNullException.ThrowIfNull(distributions);
        ArgumentOutOfRangeException.ThrowIfLessThan(latents, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(roots, 1);
        if (distributions.Count != (long)height * width)
            throw new ArgumentException($"There are {distributions.Count} distributions for {height} × {width} pixels.", nameof(distributions));
        Quads quads = new(width, distributions, latents, bothWays);
        int root = quads._builder.Sum(quads.Operands(new(0, height, 0, width)), 1, roots);
        return quads._builder.Build(root, seed);
    }

    // What a region's sum reads: a product for each way to split it, or the input of its one pixel.
    private int[] Operands(Box box)
    {
        if (box.Height == 1 && box.Width == 1)
        {
            int pixel = box.Top * _width + box.Left;
            return [_builder.Input(pixel, _distributions[pixel], 1, _latents)];
        }
        int middle = box.Top + (box.Height + 1) / 2, centre = box.Left + (box.Width + 1) / 2;
        Box[] halves = [box with { Bottom = middle }, box with { Top = middle }], sides = [box with { Right = centre }, box with { Left = centre }];
        if (box.Height == 1) return [Product(sides)];
        if (box.Width == 1) return [Product(halves)];
        Box[] Split(Box half, bool aside) => aside
            ? [half with { Right = centre }, half with { Left = centre }]
            : [half with { Bottom = middle }, half with { Top = middle }];
        if (!_bothWays) return [Product([.. halves.SelectMany(half => Split(half, aside: true))])];
        return [Half(halves, aside: true), Half(sides, aside: false)];

        int Half(Box[] parts, bool aside) => _builder.Product(
            [.. parts.Select(part => _builder.Sum([Product(Split(part, aside))], 1, _latents))], 1, _latents);
    }

    private int Product(Box[] parts) => _builder.Product([.. parts.Select(Region)], 1, _latents);

    private int Region(Box box)
    {
        if (_regions.TryGetValue(box, out int known)) return known;
        int[] operands = Operands(box);
        return _regions[box] = box is { Height: 1, Width: 1 } ? operands[0] : _builder.Sum(operands, 1, _latents);
    }

    private readonly record struct Box(int Top, int Bottom, int Left, int Right)
    {
        public int Height => Bottom - Top;

        public int Width => Right - Left;
    }
}
