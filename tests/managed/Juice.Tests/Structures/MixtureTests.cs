namespace Juice.Tests;

public class MixtureTests
{
    private static Distribution[] Categories(int variables) => [.. Enumerable.Repeat(new Categorical(4), variables)];

    [Test]
    public void A_mixture_is_the_weighted_sum_of_its_circuits()
    {
        Rows rows = Some.Rows(count: 50);
        using Circuit a = Structures.Hclt(rows, latents: 3, seed: 1), b = Structures.Hmm(12, new Categorical(4), latents: 5, seed: 2);
        using Circuit c = Structures.PoonDomingos([3, 4], Categories(12), latents: 4, seed: 3, new() { SplitIntervals = [1, 2], MostSplits = 1, BlockSize = 2 });
        using Circuit mixture = Structures.Mixture([a, b, c], [0.5, 0.25, 0.25]), equal = Structures.Mixture([a, b]);

        double[] la = Logs(a, rows), lb = Logs(b, rows), lc = Logs(c, rows);

        Assert.That(Logs(mixture, rows), Is.EqualTo(la.Zip(lb, lc).Select(l =>
            Math.Log(0.5 * Math.Exp(l.First) + 0.25 * Math.Exp(l.Second) + 0.25 * Math.Exp(l.Third)))).Within(1e-4));
        Assert.That(Logs(equal, rows), Is.EqualTo(la.Zip(lb).Select(l => Math.Log((Math.Exp(l.First) + Math.Exp(l.Second)) / 2))).Within(1e-4));
        Assert.That(mixture.Parameters, Is.EqualTo(a.Parameters + b.Parameters + c.Parameters + 3), "ties stay ties");
    }

    [Test]
    public void What_cannot_be_mixed_is_named()
    {
        using Circuit one = Structures.FullyFactorized(Categories(3)), other = Structures.FullyFactorized(Categories(2));
        using Circuit two = Structures.FullyFactorized(Categories(3), roots: 2);

        Assert.That(() => Structures.Mixture([]), Throws.ArgumentException.With.Message.Contains("at least one"));
        Assert.That(() => Structures.Mixture([one, two]), Throws.ArgumentException.With.Message.Contains("circuits[1] has 2 roots"));
        Assert.That(() => Structures.Mixture([one, other]), Throws.ArgumentException.With.Message.Contains("circuits[1] has 2 variables and circuits[0] 3"));
        Assert.That(() => Structures.Mixture([one, one], [1]), Throws.ArgumentException.With.Message.Contains("There are 1 of them for 2"));
        Assert.That(() => Structures.Mixture([one, one], [0.5, 0.6]), Throws.ArgumentException.With.Message.Contains("add up to 1"));
    }

    [Test]
    public void A_classifier_is_the_joint_distribution_of_row_and_class([Values(0, 2, 12)] int label)
    {
        Rows rows = Some.Rows(count: 20);
        using Circuit classes = Structures.RatSpn(Categories(12), latents: 4, seed: 1, new() { Depth = 2, Roots = 3 });
        using Circuit classifier = Structures.Classifier(classes, label, [0.5, 0.3, 0.2]);
        using CompiledCircuit model = classifier.Compile(), given = classes.Compile();

        double[] conditional = given.LogLikelihood(rows);       // [rows, roots]
        for (int c = 0; c < 3; c++)
        {
            double prior = Math.Log(new[] { 0.5, 0.3, 0.2 }[c]);
            Assert.That(model.LogLikelihood(Labelled(rows, label, c)),
                Is.EqualTo(Enumerable.Range(0, 20).Select(row => prior + conditional[row * 3 + c])).Within(1e-4));
        }
    }

    [Test]
    public void A_classifier_learns_to_tell_classes_apart()
    {
        // Class 0 is mostly zeros, class 1 mostly ones; which is which, it finds in the labels.
        Random random = new(1);
        byte[] entries = new byte[400 * 7];
        for (int row = 0; row < 400; row++)
        {
            entries[row * 7 + 6] = (byte)(row % 2);
            for (int v = 0; v < 6; v++) entries[row * 7 + v] = (byte)(random.Next(4) == 0 ? 1 - row % 2 : row % 2);
        }
        Rows rows = Rows.Of(entries, 7).WithCategories(2);
        using Circuit classes = Structures.Hmm(6, new Bernoulli(), latents: 4, seed: 1, new() { Roots = 2 });
        using Circuit classifier = Structures.Classifier(classes, label: 6);
        using CompiledCircuit model = classifier.Compile();
        model.Fit(rows, new FullBatchEm { Epochs = 20 });

        double[,] posterior = model.Conditional(rows, variable: 6);

        int right = Enumerable.Range(0, 400).Count(row => (posterior[row, 1] > 0.5 ? 1 : 0) == row % 2);
        Assert.That(right, Is.GreaterThan(360), "the most frequent entry alone is right 9 times of 10");
    }

    [Test]
    public void What_cannot_classify_is_named()
    {
        using Circuit one = Structures.FullyFactorized(Categories(3)), two = Structures.FullyFactorized(Categories(3), roots: 2);

        Assert.That(() => Structures.Classifier(one, 0), Throws.ArgumentException.With.Message.Contains("one root"));
        Assert.That(() => Structures.Classifier(two, 4), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("label"));
        Assert.That(() => Structures.Classifier(two, 1, [1, 0, 0]), Throws.ArgumentException.With.Message.Contains("There are 3 of them for 2"));
    }

    private static double[] Logs(Circuit circuit, Rows rows)
    {
        using CompiledCircuit model = circuit.Compile();
        return model.LogLikelihood(rows);
    }

    private static Rows Labelled(Rows rows, int label, int value)
    {
        double[] entries = new double[rows.Count * rows.Variables];
        rows.CopyTo(0, entries);
        return Rows.Of([.. entries.Chunk(rows.Variables).SelectMany(row => row[..label].Append(value).Concat(row[label..]))], rows.Variables + 1);
    }
}
