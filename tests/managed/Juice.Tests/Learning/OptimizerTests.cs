using Juice.Data;

namespace Juice.Tests.Learning;

public class OptimizerTests
{
    private static readonly Optimizer[] s_optimizers =
    [
        Optimizer.Em, Optimizer.Anemone(), Optimizer.Anemone(0), Optimizer.Sgd(), Optimizer.Sgd(0.5), Optimizer.Adam(),
    ];

    [TestCaseSource(nameof(s_optimizers))]
    public void Training_with_each_of_them_learns(Optimizer optimizer)
    {
        using CompiledCircuit model = SomeModel();
        Rows rows = SomeRows();
        double before = model.BitsPerDimension(rows);

        model.Fit(rows, Training(optimizer) with { Epochs = 10 });

        Assert.That(model.BitsPerDimension(rows), Is.LessThan(before - 0.05));
    }

    [TestCaseSource(nameof(s_optimizers))]
    public void A_training_that_goes_on_from_a_checkpoint_gets_the_same_bits(Optimizer optimizer)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.juice");
        try
        {
            Rows rows = SomeRows();
            MiniBatchEm em = Training(optimizer) with { Epochs = 6, StepSize = 0.1 };
            using CompiledCircuit straight = SomeModel(), first = SomeModel(), second = SomeModel();
            straight.Fit(rows, em);
            first.Fit(rows, em with { Epochs = 3 }, new FitOptions { CheckpointPath = path });
            using (Circuit circuit = Checkpoint.Load(path).Circuit)
            {
                Checkpoint checkpoint = Checkpoint.Find(circuit)!;
                Assert.That(checkpoint.Optimizer, Is.EqualTo(optimizer.Text));
                second.Fit(rows, em, new FitOptions { Resume = checkpoint });
            }

            Assert.That(Parameters(second), Is.EqualTo(Parameters(straight)), "bit for bit");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void A_second_training_begins_with_nothing_remembered()
    {
        Rows rows = SomeRows();
        using CompiledCircuit once = SomeModel(), twice = SomeModel();
        MiniBatchEm em = Training(Optimizer.Adam()) with { Epochs = 2 };
        twice.Fit(rows, em);
        using (Circuit start = SomeCircuit())
            foreach (NodeVector vector in start.Vectors.Where(vector => vector.ParameterCount > 0)) twice.SetParameters(vector.Id, once.GetParameters(vector.Id));

        once.Fit(rows, em);
        twice.Fit(rows, em);

        Assert.That(Parameters(twice), Is.EqualTo(Parameters(once)), "bit for bit");
    }

    [Test]
    public void A_checkpoint_of_another_optimiser_is_refused()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.juice");
        try
        {
            Rows rows = SomeRows();
            using CompiledCircuit model = SomeModel();
            model.Fit(rows, Training(Optimizer.Adam()) with { Epochs = 1, StepSize = 0.1 }, new FitOptions { CheckpointPath = path });
            using Circuit circuit = Checkpoint.Load(path).Circuit;

            Assert.That(
                () => model.Fit(rows, Training(Optimizer.Sgd()) with { Epochs = 2, StepSize = 0.1 }, new FitOptions { Resume = Checkpoint.Find(circuit) }),
                Throws.ArgumentException.With.Message.Contains("the optimiser adam"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Shares_of_the_way_are_at_most_one()
    {
        using CompiledCircuit model = SomeModel();

        Assert.That(
            () => model.Fit(SomeRows(), new MiniBatchEm { StepSize = 1.5, Optimizer = Optimizer.Anemone() }),
            Throws.ArgumentException.With.Message.Contains("at most 1"));
        Assert.That(() => model.Fit(SomeRows(), new MiniBatchEm { StepSize = 1.5, Optimizer = Optimizer.Sgd(), Epochs = 1 }), Throws.Nothing);
    }

    [Test]
    public void Figures_out_of_their_range_are_rejected()
    {
        Assert.That(() => Optimizer.Anemone(1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Optimizer.Sgd(-0.1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Optimizer.Adam(beta2: 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Optimizer.Adam(epsilon: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_step_by_hand_is_the_one_of_a_training()
    {
        Rows rows = SomeRows();
        using CompiledCircuit trained = SomeModel(), stepped = SomeModel();
        trained.Fit(rows, new MiniBatchEm { Epochs = 1, BatchSize = 200, StepSize = 0.5, Shuffle = false, Optimizer = Optimizer.Adam() });
        stepped.Forward(rows);
        stepped.Backward();
        stepped.Update(new EmUpdate { StepSize = 0.5f, Optimizer = Optimizer.Adam() });

        float[][] expected = Parameters(trained), got = Parameters(stepped);
        for (int i = 0; i < expected.Length; i++) Assert.That(got[i], Is.EqualTo(expected[i]).Within(1e-4), $"vector {i} of those with parameters");
    }

    [Test]
    public void Gradients_are_those_of_the_log_likelihoods()
    {
        using CompiledCircuit model = SomeModel();
        Rows rows = SomeRows();
        float[] flows = [.. Enumerable.Range(0, 200).Select(row => row % 3 - 1f)];
        double Value() => model.LogLikelihood(rows).Select((log, row) => log * flows[row]).Sum();
        model.Forward(rows);
        model.Backward(flows);
        int vector = SomeCircuitRoot();
        float[] theta = model.GetParameters(vector), byTheta = model.GetGradient(vector), byLog = model.GetLogGradient(vector);
        Assert.That(byLog.Sum(), Is.EqualTo(0).Within(1e-3), "they stay normalised");
        float[] moved = [.. theta];
        float step = 0.02f * theta.Min();
        (moved[0], moved[1]) = (theta[0] + step, theta[1] - step);
        model.SetParameters(vector, moved);
        double above = Value();
        (moved[0], moved[1]) = (theta[0] - step, theta[1] + step);
        model.SetParameters(vector, moved);
        double below = Value();

        Assert.That((above - below) / 2, Is.EqualTo((byTheta[0] - byTheta[1]) * step).Within(2e-3));
    }

    [TestCase(2)]
    [TestCase(double.PositiveInfinity)]
    public void Training_down_the_better_paths_learns_and_goes_on_from_a_checkpoint(double power)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.juice");
        try
        {
            Rows rows = SomeRows();
            MiniBatchEm em = Training(Optimizer.Em) with { Epochs = 6, Power = power };
            using CompiledCircuit straight = SomeModel(), second = SomeModel();
            double before = straight.BitsPerDimension(rows);
            straight.Fit(rows, em, new FitOptions { CheckpointPath = path, CheckpointEvery = 6 });
            Assert.That(straight.BitsPerDimension(rows), Is.LessThan(before - 0.05));

            using Circuit circuit = Checkpoint.Load(path).Circuit;
            second.Fit(rows, em with { Epochs = 8 }, new FitOptions { Resume = Checkpoint.Find(circuit) });
            Assert.That(
                () => second.Fit(rows, em with { Epochs = 8, Power = 1 }, new FitOptions { Resume = Checkpoint.Find(circuit) }),
                Throws.ArgumentException.With.Message.Contains("a power of"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Powers_out_of_their_range_are_rejected()
    {
        using CompiledCircuit model = SomeModel();

        Assert.That(() => model.SetPower(0.5), Throws.ArgumentException.With.Message.Contains("power is 0.5"));
        Assert.That(() => model.Fit(SomeRows(), Training(Optimizer.Em) with { Power = 17 }), Throws.ArgumentException.With.Message.Contains("Power is 17"));
    }

    [Test]
    public void Soft_evidence_of_one_value_is_that_value_and_its_gradient_the_posterior()
    {
        using CompiledCircuit model = SomeModel();
        Rows rows = RowSelection.Select(SomeRows(), [0L, 1L, 2L]);
        float[] logs = new float[3 * 4];
        double[] row = new double[6];
        for (int i = 0; i < 3; i++)
        {
            rows.CopyTo(i, row);
            for (int x = 0; x < 4; x++) logs[4 * i + x] = x == (int)row[0] ? 0 : float.NegativeInfinity;
        }

        Assert.That(model.SoftLogLikelihood(rows, new SoftEvidence([0], logs)), Is.EqualTo(model.LogLikelihood(rows)).Within(1e-4));

        float[] posterior = model.GetSoftGradient(rows, new SoftEvidence([0], new float[3 * 4]));
        double[,] expected = model.Conditional(rows, 0);
        for (int i = 0; i < 3; i++)
            for (int x = 0; x < 4; x++) Assert.That(posterior[4 * i + x], Is.EqualTo(expected[i, x]).Within(1e-4));
        Assert.That(() => model.SoftLogLikelihood(rows, new SoftEvidence([3], logs)), Throws.ArgumentException.With.Message.Contains("Variable 3"));
        Assert.That(() => model.SoftLogLikelihood(rows, new SoftEvidence([0], new float[11])), Throws.ArgumentException.With.Message.Contains("11 logs"));
    }

    private static MiniBatchEm Training(Optimizer optimizer) => new()
    {
        BatchSize = 20,
        Optimizer = optimizer,
        StepSize = optimizer.IsShare ? 0.3 : optimizer.Text.StartsWith("adam", StringComparison.Ordinal) ? 0.05 : 2,
    };

    private static int SomeCircuitRoot()
    {
        using Circuit circuit = SomeCircuit();
        return circuit.Vectors.Count - 1;
    }

    private static CompiledCircuit SomeModel()
    {
        using Circuit circuit = SomeCircuit();
        return circuit.Compile();
    }

    private static Circuit SomeCircuit()
    {
        Distribution[] distributions = [new Categorical(4), new Bernoulli(), new Binomial(3), new Gaussian(), new DiscreteLogistic(0, 4, 4), new Categorical(9)];
        return Structures.Hclt([-1, 0, 1, 1, 3, 0], distributions, latents: 5, seed: 3);
    }

    private static Rows SomeRows()
    {
        Random random = new(5);
        float[] values = new float[200 * 6];
        for (int i = 0; i < 200; i++)
        {
            int kind = random.Next(3);
            float[] row = [kind, kind > 0 ? 1 : 0, kind, (float)(kind + random.NextDouble()), kind, 3 * kind];
            row.CopyTo(values, 6 * i);
        }
        return Rows.Of(values, 6);
    }

    private static float[][] Parameters(CompiledCircuit model)
    {
        using Circuit circuit = model.ToCircuit();
        return [.. circuit.Vectors.Where(vector => vector.ParameterCount > 0).Select(vector => model.GetParameters(vector.Id))];
    }
}
