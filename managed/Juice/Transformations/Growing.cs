using Juice.Data;

namespace Juice;

/// <summary>Gives a draft copies of its nodes: every vector but the root and indicators becomes several times as long, copy after copy.</summary>
internal sealed class Growing
{
    private const double LeastNoise = 0.01;
    private const double TwoToMinus32 = 1.0 / (1L << 32);

    private readonly CircuitDraft _draft;
    private readonly GrowOptions _options;
    private readonly int[] _copies;     // by vector
    private readonly int[] _blocks;     // by vector, before it grew
    private readonly int[] _nodes;      // likewise
    private ulong _draws;

    private Growing(CircuitDraft draft, GrowOptions options)
    {
        (_draft, _options) = (draft, options);
        _blocks = [.. draft.Vectors.Select(vector => vector.Blocks)];
        _nodes = [.. draft.Vectors.Select(vector => vector.Nodes)];
        _copies = [.. draft.Vectors.Select((vector, id) => id == draft.Root || vector.Distribution is Indicator ? 1 : options.Copies)];
    }

    public static void Apply(CircuitDraft draft, GrowOptions options)
    {
        Growing growing = new(draft, options);
        for (int id = 0; id < draft.Vectors.Count; id++) growing.Grow(id);
        Unreachable.Remove(draft);      // a root that is no sum reads one copy only
    }

    private void Grow(int id)
    {
        DraftVector vector = _draft.Vectors[id];
        int copies = _copies[id];
        if (vector.Type == NodeType.Product) GrowWiring(id);
        vector.Nodes = checked(copies * _nodes[id]);
        if (vector.TiedTo >= 0) return;
        if (vector.Type == NodeType.Input) GrowParameters(vector, copies);
        else if (vector.Type == NodeType.Sum) GrowEdges(id);
    }

    // Where all inputs stayed equal, so would all that reads them, and no training could take copies apart.
    private void GrowParameters(DraftVector input, int copies)
    {
        float[] parameters = [.. Enumerable.Repeat(input.Parameters, copies).SelectMany(same => same)];
        input.Parameters = parameters;
        if (_options.Noise == 0) return;
        switch (input.Distribution)
        {
            case Categorical { Categories: int categories }:
                for (int first = 0; first < parameters.Length; first += categories)
                {
                    Span<float> node = parameters.AsSpan(first, categories);
                    foreach (ref float p in node) p = (float)(p * Noise());
                    double sum = 0;
                    foreach (float p in node) sum += p;
                    foreach (ref float p in node) p = (float)(p / sum);
                }
                break;
            case Bernoulli or Binomial:
                foreach (ref float p in parameters.AsSpan())
                {
                    double success = p * Noise(), failure = (1 - p) * Noise();
                    p = (float)(success / (success + failure));
                }
                break;
            default:    // a mean and what it is measured in
                for (int mean = 0; mean < parameters.Length; mean += 2) parameters[mean] += (float)(_options.Noise * Gaussian()) * parameters[mean + 1];
                break;
        }
    }

    // Copy c of a node reads copy c of its children, or the only one.
    private void GrowWiring(int id)
    {
        DraftVector product = _draft.Vectors[id];
        int arity = product.Children.Length, nodes = _nodes[id];
        if (product.Wiring is null && product.Children.All(child => _copies[child] == _copies[id])) return;
        int[] wiring = new int[checked(_copies[id] * nodes * arity)];
        for (int i = 0; i < wiring.Length; i++)
        {
            int copy = i / arity / nodes, c = i % arity, child = product.Children[c];
            wiring[i] = product.Reads(i / arity % nodes, c) + (_copies[child] > 1 ? copy * _nodes[child] : 0);
        }
        product.Wiring = wiring;
    }

    private void GrowEdges(int id)
    {
        DraftVector sum = _draft.Vectors[id];
        int childSize = _draft.ChildBlockSize(sum), each = sum.BlockSize * childSize;
        // Where a block below stands: the first block of its child before and after, and how many copies that child has.
        (int First, int Begin, int Child)[] places = new (int, int, int)[sum.Children.Sum(child => _blocks[child])];
        for (int c = 0, first = 0, begin = 0; c < sum.Children.Length; c++)
        {
            int child = sum.Children[c];
            places.AsSpan(first, _blocks[child]).Fill((first, begin, child));
            first += _blocks[child];
            begin += _blocks[child] * _copies[child];
        }
        List<(int Out, int In, int Edge, float Share)> edges = [];
        for (int copy = 0; copy < _copies[id]; copy++)
        {
            for (int e = 0; e < sum.Out.Length; e++)
            {
                (int first, int begin, int child) = places[sum.In[e]];
                for (int below = 0; below < _copies[child]; below++)
                    edges.Add((sum.Out[e] + copy * _blocks[id], begin + below * _blocks[child] + sum.In[e] - first, e, 1f / _copies[child]));
            }
        }
        edges.Sort();
        float[] weights = new float[checked((long)edges.Count * each)];
        double[] sums = new double[_copies[id] * _nodes[id]];
        for (int e = 0; e < edges.Count; e++)
        {
            for (int i = 0; i < each; i++)
            {
                float weight = sum.Parameters[(long)edges[e].Edge * each + i];
                if (weight == 0) continue;
                float grown = (float)(weight * edges[e].Share * Noise());
                weights[(long)e * each + i] = grown;
                sums[edges[e].Out * sum.BlockSize + i / childSize] += grown;
            }
        }
        for (long i = 0; i < weights.Length; i++) weights[i] = (float)(weights[i] / sums[edges[(int)(i / each)].Out * sum.BlockSize + i / childSize % sum.BlockSize]);
        (sum.Out, sum.In, sum.Parameters) = ([.. edges.Select(edge => edge.Out)], [.. edges.Select(edge => edge.In)], weights);
    }

    private double Noise() => _options.Noise == 0 ? 1 : Math.Max(LeastNoise, 1 + _options.Noise * Gaussian());

    // Box and Muller's.
    private double Gaussian()
    {
        ulong bits = Philox.Draw(_options.Seed, 1, _draws++);
        double u = ((bits >> 32) + 0.5) * TwoToMinus32, v = (uint)bits * TwoToMinus32;
        return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
    }
}
