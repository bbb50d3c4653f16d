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
        ulong first = 0;
        foreach ((DraftVector sum, int id) in draft.Vectors.Select((vector, id) => (vector, id)))
        {
            if (sum.Type != NodeType.Sum || sum.TiedTo >= 0) continue;
            sum.Scores = options.By switch
            {
                PruneBy.Flow => flows!(id),
                PruneBy.Parameter => sum.Parameters,
                _ => Drawn(sum.Parameters.Length, first),
            };
            first += (ulong)sum.Parameters.Length;
        }
    }

    /// <param name="rows">What the scores are sums over: 1, or the weights of all rows.</param>
    public void Apply(double rows)
    {
        if (IsBlockwise) Reblocking.Apply(draft, options.BlockSize);
        Units[] units = new Units[_sums.Count];
        Parallel.For(0, units.Length, i => units[i] = new(_sums[i], draft.ChildBlockSize(_sums[i]), IsBlockwise, options.By == PruneBy.Random));
        float least = options.Threshold is double threshold ? (float)(threshold * rows) : 0;
        long equal = long.MaxValue;
        if (options.Keep is double share) (least, equal) = Largest.Of([.. units.Select(of => of.Scores)], share);
        // Of equal ones the first stay, so that each vector has to know how many of them there are before it.
        long[] equals = [.. units.Select(_ => equal)];
        if (options.Keep is not null)
        {
            Parallel.For(0, units.Length, i => equals[i] = units[i].Scores.AsSpan().Count(least));
            for (int i = 0; i < equals.Length; i++) (equals[i], equal) = (Math.Max(equal, 0), equal - equals[i]);
        }
        int changed = 0;
        Parallel.For(0, units.Length, i =>
        {
            if (units[i].Prune(least, equals[i])) Interlocked.Exchange(ref changed, 1);
        });
        foreach (DraftVector sum in _sums) sum.Scores = [];
        if (changed == 0) return;
        Parallel.ForEach(_sums, DropBlocks);
        if (!IsBlockwise) Reblocking.Apply(draft, 1);
        Unreachable.Remove(draft);
    }

    private float[] Drawn(int count, ulong first)
    {
        float[] scores = new float[count];
        Parallel.For(0, count, i => scores[i] = (Philox.Draw(options.Seed, 0, first + (ulong)i) >> 40) * (1f / (1 << 24)));
        return scores;
    }

    private static void DropBlocks(DraftVector sum)
    {
        int each = sum.Parameters.Length / sum.Out.Length, kept = 0;
        for (int e = 0; e < sum.Out.Length; e++)
        {
            Span<float> block = sum.Parameters.AsSpan(e * each, each);
            if (!block.ContainsAnyExcept(0f)) continue;
            (sum.Out[kept], sum.In[kept]) = (sum.Out[e], sum.In[e]);
            block.CopyTo(sum.Parameters.AsSpan(kept++ * each));
        }
        (sum.Out, sum.In, sum.Parameters) = (sum.Out[..kept], sum.In[..kept], sum.Parameters[..(kept * each)]);
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

        /// <summary>By unit; NaN where there is none.</summary>
        public float[] Scores => _scores;

        /// <param name="least">The least score that stays.</param>
        /// <param name="equal">How many of that very score.</param>
        public bool Prune(float least, long equal)
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
            bool[] reached = new bool[_sum.Nodes];
            for (int unit = 0; unit < _stays.Length; unit++)
                if (_stays[unit]) Reach(unit, reached);
            if (!reached.Contains(false)) return;
            if (_size == 1)
            {
                KeepBest(reached);
                return;
            }
            foreach (IGrouping<int, int> block in Enumerable.Range(0, _stays.Length).Where(unit => !_stays[unit] && !float.IsNaN(_scores[unit])).GroupBy(unit => _sum.Out[unit]))
                foreach (int unit in block.OrderByDescending(unit => _scores[unit])) _stays[unit] = Reach(unit, reached);
        }

        // The same where a unit is a weight and so reaches one node: the first of its best.
        private void KeepBest(bool[] reached)
        {
            int[] best = new int[reached.Length];
            Array.Fill(best, -1);
            for (int row = 0, unit = 0; unit < _scores.Length; row++)
            {
                int node = Node(row);
                for (int end = unit + _row; unit < end; unit++)
                    if (!reached[node] && !float.IsNaN(_scores[unit]) && (best[node] < 0 || _scores[unit] > _scores[best[node]])) best[node] = unit;
            }
            foreach (int unit in best)
                if (unit >= 0) _stays[unit] = true;
        }

        // Whether it reaches a node that was not.
        private bool Reach(int unit, bool[] reached)
        {
            bool isNew = false;
            int first = Node(unit * _size / _row);
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
            float[] weights = _sum.Parameters;
            for (int row = 0; row < weights.Length / _row; row++)
            {
                double sum = sums[Node(row)];
                foreach (float weight in weights.AsSpan(row * _row, _row)) sum += weight;
                sums[Node(row)] = sum;
            }
            for (int row = 0; row < weights.Length / _row; row++)
            {
                double sum = sums[Node(row)];
                foreach (ref float weight in weights.AsSpan(row * _row, _row)) weight = (float)(weight / sum);
            }
        }

        // The node that a row of weights belongs to.
        private int Node(int row) => _sum.Out[row / _sum.BlockSize] * _sum.BlockSize + row % _sum.BlockSize;
    }
}
