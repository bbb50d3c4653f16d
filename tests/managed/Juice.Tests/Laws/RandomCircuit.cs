namespace Juice.Tests;

/// <summary>
/// A random circuit over a few small discrete variables: random vtrees, widths, mixtures of several products, structural zeros, two block sizes.
/// </summary>
internal sealed class RandomCircuit
{
    private readonly Random _random;
    private readonly CircuitBuilder _builder;
    private readonly int _width;

    private RandomCircuit(int seed)
    {
        _random = new Random(seed);
        Domains = [.. Enumerable.Range(0, _random.Next(1, 6)).Select(_ => _random.Next(2, 4))];
        _width = _random.Next(1, 6);
        _builder = new CircuitBuilder(Domains.Length);
    }

    public int[] Domains { get; }

    public Circuit Circuit { get; private set; } = null!;

    public static RandomCircuit From(int seed)
    {
        RandomCircuit made = new(seed);
        int body = made.Region([.. Enumerable.Range(0, made.Domains.Length)]);
        int root = made._builder.Sum([body], nodeBlocks: 1, blockSize: 1, parameters: made.Weights(1, made._width));
        made.Circuit = made._builder.Build(root);
        return made;
    }

    /// <summary>Every complete row.</summary>
    public Rows AllRows()
    {
        int count = Domains.Aggregate((product, domain) => product * domain);
        byte[] values = new byte[count * Domains.Length];
        for (int i = 0; i < count; i++)
            for (int v = 0, rest = i; v < Domains.Length; rest /= Domains[v++])
                values[i * Domains.Length + v] = (byte)(rest % Domains[v]);
        return Rows.Of(values, Domains.Length);
    }

    // A vector of _width nodes over some variables: inputs for one, else a mixture of one or two products over random splits.
    private int Region(int[] variables)
    {
        if (variables.Length == 1) return Input(variables[0]);
        int[] products = [.. Enumerable.Range(0, _random.Next(1, 3)).Select(_ => Split(variables))];
        return _builder.Sum(products, nodeBlocks: 1, blockSize: _width, parameters: Weights(_width, _width * products.Length, _width));
    }

    private int Split(int[] variables)
    {
        int[] shuffled = [.. variables];
        _random.Shuffle(shuffled);
        int cut = _random.Next(1, shuffled.Length);
        return _builder.Product([Region(shuffled[..cut]), Region(shuffled[cut..])], nodeBlocks: 1, blockSize: _width);
    }

    private int Input(int variable) =>
        _builder.Input(variable, new Categorical(Domains[variable]), nodeBlocks: 1, blockSize: _width, parameters: Weights(_width, Domains[variable]));

    // Rows that add up to 1 with some zeros, as [pieces, rows, columns of a piece]: one piece a block edge.
    private float[] Weights(int rows, int columns, int pieceColumns = 0)
    {
        int piece = pieceColumns == 0 ? columns : pieceColumns;
        float[] weights = new float[rows * columns];
        for (int r = 0; r < rows; r++)
        {
            double[] row = [.. Enumerable.Range(0, columns).Select(_ => _random.NextDouble() < 0.2 ? 0 : _random.NextDouble())];
            row[_random.Next(columns)] += 0.1;
            double sum = row.Sum();
            for (int c = 0; c < columns; c++) weights[(c / piece * rows + r) * piece + c % piece] = (float)(row[c] / sum);
        }
        return weights;
    }
}
