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
        // Vectors draw noise one after the other, so that each has to know how many numbers those before it draw.
        ulong[] draws = new ulong[draft.Vectors.Count];
        if (options.Noise != 0) Parallel.For(0, draws.Length, id => draws[id] = growing.Draws(id));
        ulong all = 0;
        for (int id = 0; id < draws.Length; id++) (draws[id], all) = (all, all + draws[id]);
        Parallel.For(0, draws.Length, id => growing.Grow(id, new Noise(options, draws[id])));
        foreach ((DraftVector vector, int id) in draft.Vectors.Select((vector, id) => (vector, id))) vector.Nodes = checked(growing._copies[id] * growing._nodes[id]);
        Unreachable.Remove(draft);      // a root that is no sum reads one copy only
    }

    private void Grow(int id, Noise noise)
    {
        DraftVector vector = _draft.Vectors[id];
        if (vector.Type == NodeType.Product) GrowWiring(id);
        if (vector.TiedTo >= 0) return;
        if (vector.Type == NodeType.Input) GrowParameters(vector, _copies[id], noise);
        else if (vector.Type == NodeType.Sum) GrowEdges(id, noise);
    }

    // How many numbers it draws.
    private ulong Draws(int id)
    {
        DraftVector vector = _draft.Vectors[id];
        if (vector.TiedTo >= 0 || vector.Type == NodeType.Product) return 0;
        if (vector.Type == NodeType.Input)
        {
            ulong parameters = (ulong)(vector.Parameters.Length * (long)_copies[id]);
            return vector.Distribution switch { Categorical => parameters, Bernoulli or Binomial => 2 * parameters, _ => parameters / 2 };
        }
        Place[] places = Places(vector);
        int each = vector.BlockSize * _draft.ChildBlockSize(vector);
        ulong draws = 0;
        for (int e = 0; e < vector.Out.Length; e++)
        {
            ReadOnlySpan<float> weights = vector.Parameters.AsSpan(e * each, each);
            draws += (ulong)_copies[places[vector.In[e]].Child] * (ulong)(each - weights.Count(0f));
        }
        return draws * (ulong)_copies[id];
    }

    // Where all inputs stayed equal, so would all that reads them, and no training could take copies apart.
    private void GrowParameters(DraftVector input, int copies, Noise noise)
    {
        int length = input.Parameters.Length;
        float[] parameters = new float[checked(length * copies)];
        for (int copy = 0; copy < copies; copy++) input.Parameters.CopyTo(parameters, copy * length);
        input.Parameters = parameters;
        if (_options.Noise == 0) return;
        switch (input.Distribution)
        {
            case Categorical { Categories: int categories }:
                for (int first = 0; first < parameters.Length; first += categories)
                {
                    Span<float> node = parameters.AsSpan(first, categories);
                    foreach (ref float p in node) p = (float)(p * noise.Factor());
                    double sum = 0;
                    foreach (float p in node) sum += p;
                    foreach (ref float p in node) p = (float)(p / sum);
                }
                break;
            case Bernoulli or Binomial:
                foreach (ref float p in parameters.AsSpan())
                {
                    double success = p * noise.Factor(), failure = (1 - p) * noise.Factor();
                    p = (float)(success / (success + failure));
                }
                break;
            default:    // a mean and what it is measured in
                for (int mean = 0; mean < parameters.Length; mean += 2) parameters[mean] += (float)(_options.Noise * noise.Gaussian()) * parameters[mean + 1];
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

    private void GrowEdges(int id, Noise noise)
    {
        DraftVector sum = _draft.Vectors[id];
        int childSize = _draft.ChildBlockSize(sum), each = sum.BlockSize * childSize, copies = _copies[id];
        Place[] places = Places(sum);
        (int[] begin, int[] sorted) = Edges.ByBlock(sum.Out, _blocks[id]);
        long count = 0;
        foreach (int below in sum.In) count += _copies[places[below].Child];
        int[] outs = new int[checked(copies * count)], ins = new int[outs.Length];
        float[] weights = new float[checked((long)outs.Length * each)];
        double[] sums = new double[copies * _nodes[id]];
        int edge = 0;
        for (int copy = 0; copy < copies; copy++)
        {
            for (int block = 0; block < _blocks[id]; block++)
            {
                Span<int> own = sorted.AsSpan(begin[block], begin[block + 1] - begin[block]);
                if (copy == 0) own.Sort((a, b) => sum.In[a].CompareTo(sum.In[b]));
                int first = edge, node = (block + copy * _blocks[id]) * sum.BlockSize;
                // Of one child after the other, every copy's.
                for (int i = 0; i < own.Length;)
                {
                    Place place = places[sum.In[own[i]]];
                    int end = i;
                    while (end < own.Length && places[sum.In[own[end]]] == place) end++;
                    float share = 1f / _copies[place.Child];
                    for (int below = 0; below < _copies[place.Child]; below++)
                    {
                        for (int k = i; k < end; k++, edge++)
                        {
                            outs[edge] = block + copy * _blocks[id];
                            ins[edge] = place.Begin + below * _blocks[place.Child] + sum.In[own[k]] - place.First;
                            Share(sum.Parameters.AsSpan(own[k] * each, each), share, noise, weights.AsSpan(edge * each, each), sums.AsSpan(node), childSize);
                        }
                    }
                    i = end;
                }
                for (int row = first * sum.BlockSize; row < edge * sum.BlockSize; row++)
                {
                    double all = sums[node + row % sum.BlockSize];
                    foreach (ref float weight in weights.AsSpan(row * childSize, childSize)) weight = (float)(weight / all);
                }
            }
        }
        (sum.Out, sum.In, sum.Parameters) = (outs, ins, weights);
    }

    private static void Share(ReadOnlySpan<float> weights, float share, Noise noise, Span<float> grown, Span<double> sums, int childSize)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] == 0) continue;
            grown[i] = (float)(weights[i] * share * noise.Factor());
            sums[i / childSize] += grown[i];
        }
    }

    // By block below: where it stands.
    private Place[] Places(DraftVector sum)
    {
        Place[] places = new Place[sum.Children.Sum(child => _blocks[child])];
        int first = 0, begin = 0;
        foreach (int child in sum.Children)
        {
            places.AsSpan(first, _blocks[child]).Fill(new(first, begin, child));
            first += _blocks[child];
            begin += _blocks[child] * _copies[child];
        }
        return places;
    }

    /// <param name="First">The first block of the child, before it grew.</param>
    /// <param name="Begin">The same after that.</param>
    /// <param name="Child">The child.</param>
    private readonly record struct Place(int First, int Begin, int Child);

    // The numbers that a vector draws.
    private sealed class Noise(GrowOptions options, ulong next)
    {
        public double Factor() => options.Noise == 0 ? 1 : Math.Max(LeastNoise, 1 + options.Noise * Gaussian());

        // Box and Muller's.
        public double Gaussian()
        {
            ulong bits = Philox.Draw(options.Seed, 1, next++);
            double u = ((bits >> 32) + 0.5) * TwoToMinus32, v = (uint)bits * TwoToMinus32;
            return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
        }
    }
}
