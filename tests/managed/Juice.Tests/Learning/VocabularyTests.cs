using System.Diagnostics;

namespace Juice.Tests.Learning;

public class VocabularyTests
{
    private const int Length = 8, Latents = 64, Batch = 64;

    // The time that a step more takes, whatever an epoch takes besides: the least of several, since other programs only ever slow it down.
    private static double Step(int vocabulary)
    {
        Random random = new(1);
        const int few = 4, many = 20;
        int[] tokens = new int[many * Batch * Length];
        for (int i = 0; i < tokens.Length; i++) tokens[i] = random.Next(vocabulary);
        Rows rows = Rows.Of(tokens, Length);
        using Circuit circuit = Structures.Hmm(Length, new Categorical(vocabulary), Latents, seed: 1);
        using CompiledCircuit model = circuit.Compile(Device.Cpu, new CompileOptions { Threads = 1, BatchSize = Batch });
        MiniBatchEm em = new() { Epochs = 1, BatchSize = Batch, Shuffle = false, StepSize = 0.01 };
        double Time(int steps)
        {
            long start = Stopwatch.GetTimestamp();
            model.Fit(rows.Take(steps * Batch), em);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Time(few);
        double least = double.PositiveInfinity, leastOfFew = double.PositiveInfinity;
        for (int i = 0; i < 7; i++) (least, leastOfFew) = (Math.Min(least, Time(many)), Math.Min(leastOfFew, Time(few)));
        return (least - leastOfFew) / (many - few);
    }

    // A table of 50,000 tokens has 3.2 million entries: to go through them all takes ten times as long as everything else about this step.
    [Test]
    public void A_step_costs_what_its_tokens_cost_and_not_what_the_vocabulary_holds()
    {
        double small = Step(1_000), large = Step(50_000);
        for (int again = 0; again < 3 && large >= 4 * small; again++) (small, large) = (Step(1_000), Step(50_000));      // another program may have had the processor

        TestContext.Out.WriteLine($"a step with 1,000 tokens {small * 1e3:0.000} ms, with 50,000 {large * 1e3:0.000} ms");
        Assert.That(large, Is.LessThan(4 * small));
    }
}
