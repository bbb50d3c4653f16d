namespace Juice.Tests;

public class SparsifyTests
{
    private static readonly Rows s_train = Some.Rows(count: 300), s_other = Some.Rows(count: 200, seed: 2);

    [Test]
    public void Pruning_growing_and_training_in_turn_fits_better_than_before()
    {
        using Circuit trained = Trained(latents: 12);
        List<SparsifyRound> heard = [];
        SparsifyResult result = Transformations.Sparsify(trained, s_train, new()
        {
            Rounds = 3,
            Prune = new() { Keep = 0.5 },
            Em = new FullBatchEm { Epochs = 20, Pseudocount = 0 },
            Progress = new Heard<SparsifyRound>(heard.Add),
        });
        using Circuit made = result.Circuit;

        Assert.That(result.Rounds.Select(round => round.Round), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(heard, Is.EqualTo(result.Rounds));
        Assert.That(result.BestRound, Is.Null);
        Assert.That(Transformed.Logs(made, s_train).Average(), Is.GreaterThan(Transformed.Logs(trained, s_train).Average()));
        foreach (SparsifyRound round in result.Rounds) Assert.That(round.EdgesPruned, Is.LessThan(round.EdgesBefore).And.LessThan(round.Edges));
        Assert.That(made.Edges, Is.EqualTo(result.Rounds[^1].Edges));
    }

    [Test]
    public void The_circuit_that_fits_validation_rows_best_is_kept()
    {
        using Circuit trained = Trained(latents: 6);
        SparsifyResult result = Transformations.Sparsify(trained, s_train, new()
        {
            Rounds = 4,
            Prune = new() { Keep = 0.2 },
            Grow = null,
            Em = new FullBatchEm { Epochs = 2 },
            Validation = s_other,
        });
        using Circuit made = result.Circuit;
        using CompiledCircuit best = made.Compile(), first = trained.Compile();

        double[] scores = [first.BitsPerDimension(s_other), .. result.Rounds.Select(round => round.ValidationBitsPerDimension!.Value)];
        Assert.That(scores[result.BestRound!.Value], Is.EqualTo(scores.Min()));
        Assert.That(best.BitsPerDimension(s_other), Is.EqualTo(scores.Min()).Within(1e-9));
    }

    [Test]
    public void The_end_may_be_pruned()
    {
        using Circuit trained = Trained(latents: 12);
        SparsifyResult result = Transformations.Sparsify(trained, s_train, new() { Rounds = 1, EndPruned = true, Em = new FullBatchEm { Epochs = 1 } });
        using Circuit made = result.Circuit;

        Assert.That(result.Rounds, Has.Count.EqualTo(2));
        Assert.That(result.Rounds[1].Edges, Is.EqualTo(result.Rounds[1].EdgesPruned).And.LessThan(result.Rounds[0].Edges));
    }

    [Test]
    public void One_seed_makes_one_circuit()
    {
        using Circuit trained = Trained(latents: 12);
        SparsifyOptions options = new() { Rounds = 2, Em = new MiniBatchEm { Epochs = 1, BatchSize = 50 } };
        using Circuit a = Transformations.Sparsify(trained, s_train, options).Circuit, b = Transformations.Sparsify(trained, s_train, options).Circuit;

        Assert.That(Transformed.Logs(a, s_train), Is.EqualTo(Transformed.Logs(b, s_train)));
    }

    [Test]
    public void It_stops_when_asked_to()
    {
        using Circuit trained = Trained(latents: 12);
        using CancellationTokenSource stop = new();
        SparsifyOptions options = new() { Progress = new Heard<SparsifyRound>(_ => stop.Cancel()) };

        Assert.That(() => Transformations.Sparsify(trained, s_train, options, stop.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Bad_options_are_named()
    {
        using Circuit circuit = Some.Circuit();
        Assert.That(() => Transformations.Sparsify(circuit, s_train, new() { Rounds = 0 }), Throws.ArgumentException.With.Message.Contains("Rounds is 0"));
        Assert.That(() => Transformations.Sparsify(circuit, s_train, new() { Validation = s_train.Take(0) }), Throws.ArgumentException.With.Message.Contains("Validation"));
    }

    private static Circuit Trained(int latents)
    {
        using CompiledCircuit model = Some.Model(latents);
        model.Fit(s_train, new FullBatchEm { Epochs = 20 });
        return model.ToCircuit();
    }
}
