namespace Juice.Tests;

public class ConcurrencyTests(string device) : OnEveryDevice(device)
{
    [Test]
    public void Eight_threads_get_the_answers_that_one_gets()
    {
        using CompiledCircuit model = SomeModel(latents: 8);
        var rows = Some.Rows(count: 300);
        double[] expected = model.LogLikelihood(rows);

        double[][] answers = OnThreads(8, i => model.LogLikelihood(rows.Slice(i, 200)));

        for (int i = 0; i < answers.Length; i++) Assert.That(answers[i], Is.EqualTo(expected.Skip(i).Take(200)));
    }

    [Test]
    public void Asking_sampling_and_saving_at_the_same_time_give_what_each_gives_alone()
    {
        using CompiledCircuit model = SomeModel();
        var rows = Some.Rows(count: 200);
        double[] logs = model.LogLikelihood(rows), samples = Samples();

        double[][] answers = OnThreads(9, i => (i % 3) switch
        {
            0 => model.LogLikelihood(rows),
            1 => Samples(),
            _ => Saved(),
        });

        for (int i = 0; i < answers.Length; i++) Assert.That(answers[i], Is.EqualTo(i % 3 == 1 ? samples : logs), $"thread {i}");

        double[] Samples()
        {
            Rows drawn = model.Sample(20, new SampleOptions { Seed = 4 });
            double[] values = new double[20 * drawn.Variables];
            for (int row = 0; row < 20; row++) drawn.CopyTo(row, values.AsSpan(row * drawn.Variables, drawn.Variables));
            return values;
        }

        double[] Saved()
        {
            using Circuit circuit = model.ToCircuit();
            using CompiledCircuit copy = circuit.Compile(Device);
            return copy.LogLikelihood(rows);
        }
    }

    [Test]
    public void Queries_and_training_wait_for_each_other_and_both_come_out_whole()
    {
        using CompiledCircuit model = SomeModel();
        var rows = Some.Rows(count: 500);
        double before = model.BitsPerDimension(rows);

        double[] scores = OnThreads(5, i => i == 0
            ? model.Fit(rows, new MiniBatchEm { Epochs = 20, BatchSize = 50 }).Epochs.Count
            : Enumerable.Range(0, 20).Select(_ => model.BitsPerDimension(rows)).Max());

        Assert.That(scores[0], Is.EqualTo(20));
        Assert.That(scores.Skip(1), Is.All.InRange(0, before + 0.5));
        Assert.That(model.BitsPerDimension(rows), Is.LessThan(before));
    }

    [Test]
    public void Two_trainings_of_one_model_go_one_after_the_other()
    {
        using CompiledCircuit model = SomeModel();
        var rows = Some.Rows();

        FitResult[] results = OnThreads(2, _ => model.Fit(rows, new FullBatchEm { Epochs = 5, Pseudocount = 0 }));

        // Full-batch EM never lowers the likelihood, so whichever came second began where the first one ended.
        var (first, second) = results[0].Epochs[0].TrainBitsPerDimension > results[1].Epochs[0].TrainBitsPerDimension
            ? (results[0], results[1])
            : (results[1], results[0]);
        Assert.That(second.Epochs[0].TrainBitsPerDimension, Is.LessThanOrEqualTo(first.Epochs[^1].TrainBitsPerDimension + 1e-6));
    }

    [Test]
    public void Disposing_a_model_while_it_answers_is_safe()
    {
        var rows = Some.Rows(count: 2000);
        for (int i = 0; i < 10; i++)
        {
            CompiledCircuit model = SomeModel();
            Task<bool> query = Task.Run(() =>
            {
                try
                {
                    model.LogLikelihood(rows);
                    return true;
                }
                catch (ObjectDisposedException)
                {
                    return true;
                }
            });
            model.Dispose();
            Assert.That(query.Result, Is.True);
        }
    }

    private static T[] OnThreads<T>(int count, Func<int, T> work)
    {
        T[] results = new T[count];
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                results[i] = work(i);
            }
            catch (Exception e)
            {
                failure = e;
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.That(failure, Is.Null);
        return results;
    }
}
