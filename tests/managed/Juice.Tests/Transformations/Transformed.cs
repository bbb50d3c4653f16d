namespace Juice.Tests;

/// <summary>Circuits of every kind to transform, and what to hold the results against.</summary>
internal static class Transformed
{
    /// <summary>Circuits over the 12 variables of <see cref="Some.Rows"/>, and what they are.</summary>
    public static IEnumerable<string> Kinds => ["hclt", "tied inputs", "hmm", "untied hmm", "pd", "tied pd", "rat-spn", "chow-liu", "classifier", "factorized"];

    public static Circuit Circuit(string kind)
    {
        Rows rows = Some.Rows();
        Distribution[] pixels = [.. Enumerable.Repeat(new Categorical(4), 12)];
        return kind switch
        {
            "hclt" => Structures.Hclt(rows, latents: 8, seed: 1),
            "tied inputs" => Structures.Hclt([.. Enumerable.Range(-1, 12)], pixels, latents: 6, seed: 2, tiedInputs: true),
            "hmm" => Structures.Hmm(12, new Categorical(4), latents: 8, seed: 3),
            "untied hmm" => Structures.Hmm(12, new Categorical(4), latents: 5, seed: 4, new() { Homogeneous = false }),
            "pd" => Structures.PoonDomingos([3, 4], pixels, latents: 8, seed: 5, new() { SplitIntervals = [1, 2], MostSplits = 1, BlockSize = 4 }),
            "tied pd" => Structures.PoonDomingos([3, 4], pixels, latents: 8, seed: 6, new() { SplitIntervals = [1, 1], BlockSize = 2, Tied = true }),
            "rat-spn" => Structures.RatSpn(pixels, latents: 8, seed: 7, new() { Depth = 3 }),
            "chow-liu" => Structures.ChowLiuTree(rows, pseudocount: 1),
            "classifier" => Classifier(pixels),
            "factorized" => Structures.FullyFactorized(pixels, components: 12, seed: 9),
            _ => throw new ArgumentException(kind),
        };
    }

    public static double[] Logs(Circuit circuit, Rows rows)
    {
        using CompiledCircuit model = circuit.Compile();
        return model.LogLikelihood(rows);
    }

    /// <summary>Fails unless values of all nodes of the root sum to one: with everything missing, and over all values of one variable.</summary>
    public static void AssertNormalized(Circuit circuit)
    {
        Rows nothing = Rows.Of([.. Enumerable.Repeat(double.NaN, circuit.Variables)], circuit.Variables);
        Assert.That(Logs(circuit, nothing), Is.All.EqualTo(0).Within(1e-5));
    }

    /// <summary>Single edges into sums that have a weight of their own and are no structural zeros.</summary>
    public static long LiveEdges(Circuit circuit) =>
        circuit.Vectors.Where(vector => vector.Type == NodeType.Sum && vector.TiedTo is null).Sum(vector => (long)vector.Parameters.ToArray().Count(weight => weight != 0));

    /// <summary>Fails unless every node of the circuit is read by another, or is a root.</summary>
    public static void AssertReached(Circuit circuit)
    {
        bool[][] reached = [.. circuit.Vectors.Select(vector => new bool[vector.Nodes])];
        Array.Fill(reached[circuit.Root], true);
        for (int id = circuit.Root; id >= 0; id--)
        {
            NodeVector vector = circuit.Vectors[id];
            foreach ((int node, int child, int below) in Edges(circuit, vector))
                if (reached[id][node]) reached[child][below] = true;
        }
        for (int id = 0; id < reached.Length; id++)
        {
            // All of a table of indicators belong together, and so do the nodes of vectors that share parameters.
            NodeVector vector = circuit.Vectors[id];
            bool isShared = circuit.Vectors.Any(other => other.TiedTo is not null);
            if (vector.Distribution is not Indicator && !isShared) Assert.That(reached[id], Is.All.True, $"vector {vector}");
        }
    }

    /// <summary>Single edges of a vector: its node, the child vector and the child's node; without structural zeros.</summary>
    public static IEnumerable<(int Node, int Child, int Below)> Edges(Circuit circuit, NodeVector vector)
    {
        int[] children = vector.Children.ToArray(), edges = vector.Edges.ToArray();
        int size = (int)vector.BlockSize;
        if (vector.Type == NodeType.Product)
        {
            for (int node = 0; node < vector.Nodes; node++)
            {
                for (int c = 0; c < children.Length; c++)
                {
                    int below = !vector.HasEdges ? node
                        : vector.EdgeRows == vector.Nodes ? edges[node * children.Length + c]
                        : edges[node / size * children.Length + c] * size + node % size;
                    yield return (node, children[c], below);
                }
            }
        }
        if (vector.Type != NodeType.Sum) yield break;
        (int Child, int Node)[] places = [.. children.SelectMany(child => Enumerable.Range(0, (int)circuit.Vectors[child].Nodes).Select(node => (child, node)))];
        int childSize = (int)circuit.Vectors[children[0]].BlockSize, columns = places.Length / childSize;
        float[] weights = vector.Parameters.ToArray();
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] == 0) continue;
            int e = i / childSize / size, outs = vector.HasEdges ? edges[e] : e / columns, ins = vector.HasEdges ? edges[vector.EdgeCount + e] : e % columns;
            (int child, int node) = places[ins * childSize + i % childSize];
            yield return (outs * size + i / childSize % size, child, node);
        }
    }

    private static Circuit Classifier(Distribution[] pixels)
    {
        using Circuit classes = Structures.RatSpn(pixels[1..], latents: 4, seed: 8, new() { Depth = 2, Roots = 4 });
        return Structures.Classifier(classes, label: 3);
    }
}
