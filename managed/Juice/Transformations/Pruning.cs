using Juice.Data;

namespace Juice;

/// <summary>Takes edges of a draft away: scored, ranked over the whole circuit, one a node kept, the rest made to add up to 1 again.</summary>
internal sealed class Pruning(CircuitDraft draft, PruneOptions options)
{
    // A unit is a block edge, or where the blocks are not to go as a whole a single weight.
    private readonly List<DraftVector> _sums = [.. draft.Sums];

    private bool IsBlockwise => options.BlockSize > 1;

    /// <summary>Sets the scores of all weights.</summary>
    /// <param name="flows">A vector's flows, where they are the score.</param>
    public void Score(Func<int, float[]>? flows)
    {
        ulong weight = 0;
        for (int id = 0; id < draft.Vectors.Count; id++)
        {
            DraftVector sum = draft.Vectors[id];
            if (sum.Type != NodeType.Sum || sum.TiedTo >= 0) continue;
            sum.Scores = options.By switch
            {
                PruneBy.Flow => flows!(id),
                PruneBy.Parameter => sum.Parameters,
                _ => [.. sum.Parameters.Select(_ => (Philox.Draw(options.Seed, 0, weight++) >> 40) * (1f / (1 << 24)))],
            };
        }
    }

    /// <param name="rows">What the scores are sums over: 1, or the weights of all rows.</param>
    public void Apply(double rows)
    {
        if (IsBlockwise) Reblocking.Apply(draft, options.BlockSize);
        Units[] units = [.. _sums.Select(sum => new Units(sum, draft.ChildBlockSize(sum), IsBlockwise, options.By == PruneBy.Random))];
        float least = options.Threshold is double threshold ? (float)(threshold * rows) : 0;
        long equal = long.MaxValue;
        if (options.Keep is double share) (least, equal) = Least(units, share);
        bool changed = false;
        foreach (Units of in units) changed |= of.Prune(least, ref equal);
        foreach (DraftVector sum in _sums) sum.Scores = [];
        if (!changed) return;
        DropBlocks();
        if (!IsBlockwise) Reblocking.Apply(draft, 1);
        Unreachable.Remove(draft);
    }

    // The least score that stays, and how many of that very score.
    private static (float Least, long Equal) Least(Units[] units, double share)
    {
        float[] scores = [.. units.SelectMany(of => of.Scores)];
        int kept = (int)Math.Round(share * scores.Length);
        if (kept == 0) return (float.PositiveInfinity, 0);
        Array.Sort(scores);
        float least = scores[^kept];
        int first = scores.Length - kept, end = first;
        while (end < scores.Length && scores[end] == least) end++;
        return (least, end - first);
    }

    private void DropBlocks()
    {
        foreach (DraftVector sum in _sums)
        {
            int each = sum.Parameters.Length / sum.Out.Length;
            int[] kept = [.. Enumerable.Range(0, sum.Out.Length).Where(e => sum.Parameters.AsSpan(e * each, each).ContainsAnyExcept(0f))];
            float[] weights = new float[kept.Length * each];
            for (int e = 0; e < kept.Length; e++) sum.Parameters.AsSpan(kept[e] * each, each).CopyTo(weights.AsSpan(e * each));
            (sum.Out, sum.In, sum.Parameters) = ([.. kept.Select(e => sum.Out[e])], [.. kept.Select(e => sum.In[e])], weights);
        }
    }

    // What may go of one sum vector.
    private sealed class Units
    {
        private readonly DraftVector _sum;
        private readonly int _size;                 // weights a unit
        private readonly int _row;                  // weights of a node in a block edge
        private readonly float[] _scores;           // by unit; NaN: a structural zero, no unit at all
        private readonly bool[] _stays;             // by unit

        public Units(DraftVector sum, int childBlockSize, bool isBlockwise, bool isRandom)
        {
            _sum = sum;
            _row = childBlockSize;
            _size = isBlockwise ? sum.BlockSize * childBlockSize : 1;
            _scores = new float[sum.Parameters.Length / _size];
            _stays = new bool[_scores.Length];
            for (int unit = 0; unit < _scores.Length; unit++) _scores[unit] = Score(unit, isRandom);
        }

        public IEnumerable<float> Scores => _scores.Where(score => !float.IsNaN(score));

        public bool Prune(float least, ref long equal)
        {
            for (int unit = 0; unit < _scores.Length; unit++)
                _stays[unit] = _scores[unit] > least || (_scores[unit] == least && equal-- > 0);
            KeepNodes();
            bool changed = false;
            for (int unit = 0; unit < _scores.Length; unit++)
            {
                if (_stays[unit] || float.IsNaN(_scores[unit])) continue;
                _sum.Parameters.AsSpan(unit * _size, _size).Clear();
                changed = true;
            }
            if (changed) Normalize();
            return changed;
        }

        // In double, so that a block of equal scores is worth what it should be.
        private float Score(int unit, bool isRandom)
        {
            double score = 0;
            bool isZero = true;
            for (int i = unit * _size; i < (unit + 1) * _size; i++)
            {
                if (_sum.Parameters[i] == 0) continue;
                isZero = false;
                score += isRandom && i > unit * _size ? 0 : _sum.Scores[i];
            }
            return isZero ? float.NaN : (float)score;
        }

        // Nodes that would be left without an edge keep their best: of every block, the best units that reach one more node.
        private void KeepNodes()
        {
            int units = _sum.BlockSize * _row / _size;      // of a block edge: 1, or its weights
            foreach (IGrouping<int, int> block in Enumerable.Range(0, _sum.Out.Length).GroupBy(e => _sum.Out[e]))
            {
                bool[] reached = new bool[_sum.BlockSize];
                int[] all = [.. block.SelectMany(e => Enumerable.Range(e * units, units)).Where(unit => !float.IsNaN(_scores[unit]))];
                foreach (int unit in all.Where(unit => _stays[unit])) Reach(unit, reached);
                if (!reached.Contains(false)) continue;
                foreach (int unit in all.Where(unit => !_stays[unit]).OrderByDescending(unit => _scores[unit])) _stays[unit] = Reach(unit, reached);
            }
        }

        // Whether it reaches a node that was not.
        private bool Reach(int unit, bool[] reached)
        {
            bool isNew = false;
            int first = unit * _size / _row % _sum.BlockSize;
            for (int node = first; node < first + Math.Max(1, _size / _row); node++)
            {
                if (reached[node] || (_size > 1 && !_sum.Parameters.AsSpan(unit * _size + (node - first) * _row, _row).ContainsAnyExcept(0f))) continue;
                isNew = reached[node] = true;
            }
            return isNew;
        }

        private void Normalize()
        {
            double[] sums = new double[_sum.Nodes];
            for (int i = 0; i < _sum.Parameters.Length; i++) sums[Node(i)] += _sum.Parameters[i];
            for (int i = 0; i < _sum.Parameters.Length; i++) _sum.Parameters[i] = (float)(_sum.Parameters[i] / sums[Node(i)]);
        }

        private int Node(int weight) => _sum.Out[weight / (_sum.BlockSize * _row)] * _sum.BlockSize + weight / _row % _sum.BlockSize;
    }
}
