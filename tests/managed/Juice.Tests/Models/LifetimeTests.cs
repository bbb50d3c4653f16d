using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Juice.Tests;

/// <summary>Models and circuits that are used, disposed, forgotten and collected at the same time: an exception that says so, never a crash.</summary>
[NonParallelizable] // collections of garbage and the process's memory are everybody's
public class LifetimeTests
{
    [Test]
    public void Eight_threads_query_a_model_while_one_saves_it_and_one_disposes_it()
    {
        using TemporaryFolder folder = new();
        var rows = Some.Rows(count: 300);
        for (int round = 0; round < 8; round++)
        {
            CompiledCircuit model = Some.Model(latents: 8);
            double[] expected = model.LogLikelihood(rows);
            string file = folder.File($"{round}.juice");
            int answers = 0;
            ConcurrentQueue<Exception> failures = [];
            Thread[] threads = [.. Enumerable.Range(0, 9).Select(i => new Thread(() =>
            {
                try
                {
                    for (; ; )
                    {
                        if (i == 8)
                        {
                            model.Save(file);
                            continue;
                        }
                        Assert.That(model.LogLikelihood(rows), Is.EqualTo(expected));
                        if (i % 2 == 0) model.MaxLogValue(rows);
                        else model.Sample(20);
                        Interlocked.Increment(ref answers);
                    }
                }
                catch (ObjectDisposedException)
                {
                }
                catch (Exception e)
                {
                    failures.Enqueue(e);
                }
            }))];
            foreach (Thread thread in threads) thread.Start();
            SpinWait.SpinUntil(() => Volatile.Read(ref answers) >= 10 * round, 10_000);
            model.Dispose();
            foreach (Thread thread in threads) thread.Join();

            Assert.That(failures, Is.Empty);
            if (!File.Exists(file)) continue;
            using Circuit saved = Circuit.Load(file);
            using CompiledCircuit again = saved.Compile();
            Assert.That(again.LogLikelihood(rows), Is.EqualTo(expected).Within(1e-5));
        }
    }

    [Test]
    public void Training_a_model_that_is_disposed_ends_with_an_exception_that_says_so()
    {
        CompiledCircuit model = Some.Model();
        using ManualResetEventSlim started = new();
        FitOptions options = new() { Progress = new Heard<FitProgress>(_ => started.Set()) };

        Task<FitResult> training = model.FitAsync(Some.Rows(count: 1000), new MiniBatchEm { Epochs = 1_000_000 }, options);
        Assert.That(started.Wait(60_000));
        model.Dispose();

        Assert.That(async () => await training, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void A_handle_that_eight_threads_dispose_is_freed_once()
    {
        for (int round = 0; round < 50; round++)
        {
            Circuit circuit = Some.Circuit();
            CompiledCircuit model = circuit.Compile();
            Parallel.For(0, 8, i =>
            {
                if (i % 2 == 0) circuit.Dispose();
                else model.Dispose();
            });

            Assert.That(() => model.Plan, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(circuit.ToJson, Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void A_circuit_is_disposed_while_eight_threads_compile_and_write_it()
    {
        for (int round = 0; round < 20; round++)
        {
            Circuit circuit = Some.Circuit();
            string json = circuit.ToJson();
            using Barrier barrier = new(9);
            Task<bool>[] tasks = [.. Enumerable.Range(0, 8).Select(i => Task.Factory.StartNew(() =>
            {
                barrier.SignalAndWait();
                try
                {
                    for (; ; )
                    {
                        if (i % 2 == 0)
                        {
                            Assert.That(circuit.ToJson(), Is.EqualTo(json));
                            continue;
                        }
                        using CompiledCircuit model = circuit.Compile(options: new() { Threads = 1 });
                        Assert.That(model.LogLikelihood<byte>([1, 2, 3]), Is.EqualTo(Math.Log(Some.Probability(1, 2, 3))).Within(1e-6));
                    }
                }
                catch (ObjectDisposedException)
                {
                    return true;
                }
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            barrier.SignalAndWait();
            Thread.Sleep(round % 5);
            circuit.Dispose();

            Assert.That(Task.WhenAll(tasks).Result, Is.All.True);
        }
    }

    // A model whose last use is under way may be collected at once: its handle must live until the native call is over.
    [Test]
    public void Models_that_nobody_disposes_answer_right_while_garbage_is_collected()
    {
        using CancellationTokenSource over = new();
        Thread collector = new(() =>
        {
            while (!over.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            var rows = Some.Rows(count: 50);
            double[] expected = Ask(rows);
            Parallel.For(0, 100, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ => Assert.That(Ask(rows), Is.EqualTo(expected)));
        }
        finally
        {
            over.Cancel();
            collector.Join();
        }
    }

    [Test]
    public void Native_memory_of_what_nobody_disposes_is_given_back()
    {
        const int models = 60;
        long first = 0;
        for (int i = 0; i < models; i++)
        {
            Forget();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            if (i == models / 4) first = Environment.WorkingSet;
        }

        // Sixteen megabytes a model: forty-five more of them would be 720.
        Assert.That(Environment.WorkingSet - first, Is.LessThan(200 << 20));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double[] Ask(Rows rows)
    {
        CompiledCircuit model = Structures.Hclt([.. Enumerable.Range(-1, 12)], [.. Enumerable.Repeat(new Categorical(4), 12)], 4, seed: 1).Compile();
        model.Fit(rows, new MiniBatchEm { Epochs = 1, BatchSize = 10 });
        return model.LogLikelihood(rows);
    }

    // Four million parameters.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        CompiledCircuit model = Structures.Hclt([-1, 0, 1, 2], [.. Enumerable.Repeat(new Categorical(4096), 4)], 256, seed: 1).Compile(options: new() { Threads = 1 });
        Assert.That(model.LogLikelihood<int>([1, 2, 3, 4]), Is.Negative);
    }
}
