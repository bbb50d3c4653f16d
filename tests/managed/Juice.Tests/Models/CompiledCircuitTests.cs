using System.Text.Json;

namespace Juice.Tests;

public class CompiledCircuitTests
{
    [Test]
    public void A_model_knows_its_plan_in_numbers()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device.Cpu, new CompileOptions { Threads = 1, BatchSize = 64 });

        ModelInfo info = model.Info;

        Assert.That((info.Variables, info.Roots, info.Vectors, info.Threads), Is.EqualTo((3, 1, 5, 1)));
        Assert.That(info.BatchSize, Is.EqualTo(64));
        Assert.That(info.Device, Is.EqualTo("cpu"));
        Assert.That(info.InstructionSet, Is.AnyOf("portable", "avx2", "avx512"));
        Assert.That(info.ParameterBytes, Is.Positive);
        Assert.That(info.Operations, Is.Positive);
    }

    [Test]
    public void A_plan_explains_itself_in_words_and_as_json()
    {
        using CompiledCircuit model = Some.Model();

        Assert.That(model.Plan, Is.Not.Empty);
        Assert.That(() => JsonDocument.Parse(model.PlanJson), Throws.Nothing);
    }

    [Test]
    public void Portable_code_agrees_with_the_best_there_is()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit best = circuit.Compile(), portable = circuit.Compile(options: new() { InstructionSet = InstructionSet.Portable });
        var rows = Rows.Of(Some.AllRows(), 3);

        Assert.That(portable.Info.InstructionSet, Is.EqualTo("portable"));
        Assert.That(portable.LogLikelihood(rows), Is.EqualTo(best.LogLikelihood(rows)).Within(1e-6));
    }

    [Test]
    public void A_memory_limit_below_the_parameters_is_an_error_of_its_own_kind()
    {
        using Circuit circuit = Structures.Hclt([-1, 0, 1, 2], [.. Enumerable.Repeat(new Categorical(256), 4)], latents: 256);

        Assert.That(() => circuit.Compile(options: new() { MemoryLimit = 1000 }), Throws.TypeOf<JuiceException>());
    }

    [Test]
    public void Options_out_of_range_are_rejected()
    {
        using Circuit circuit = Some.Circuit();

        Assert.That(() => circuit.Compile(options: new() { Threads = -1 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => circuit.Compile(options: new() { MemoryLimit = -1 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => circuit.Compile(options: new() { BatchSize = -1 }), Throws.InstanceOf<ArgumentException>());
    }

    [Test]
    public void Parameters_are_read_and_set_in_the_file_s_layout()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile();

        Assert.That(model.GetParameters(4), Is.EqualTo(new[] { 0.25f, 0.75f }));
        model.SetParameters(4, [1, 0]);

        Assert.That(model.GetParameters(4), Is.EqualTo(new[] { 1f, 0 }));
        Assert.That(model.LogLikelihood<byte>([0, 0, 0]), Is.EqualTo(Math.Log(0.25 * 0.5 * 0.25)).Within(1e-6));
        Assert.That(circuit.Vectors[4].Parameters.ToArray(), Is.EqualTo(new[] { 0.25f, 0.75f }), "the circuit is as it was");
    }

    [Test]
    public void Parameters_that_break_the_rules_are_rejected_and_change_nothing()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile();

        Assert.That(() => model.SetParameters(4, [0.5f]), Throws.ArgumentException);
        Assert.That(() => model.SetParameters(4, [0.5f, 0.9f]), Throws.ArgumentException);
        Assert.That(() => model.SetParameters(4, [float.NaN, 1]), Throws.ArgumentException);
        Assert.That(() => model.SetParameters(9, []), Throws.ArgumentException);
        Assert.That(() => model.GetParameters(-1), Throws.InstanceOf<ArgumentException>());
        Assert.That(model.GetParameters(4), Is.EqualTo(new[] { 0.25f, 0.75f }));
    }

    [Test]
    public void Two_models_of_one_circuit_share_nothing()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit one = circuit.Compile(), other = circuit.Compile();

        one.SetParameters(4, [1, 0]);

        Assert.That(other.GetParameters(4), Is.EqualTo(new[] { 0.25f, 0.75f }));
    }

    [Test]
    public void A_model_outlives_its_circuit()
    {
        Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile();
        circuit.Dispose();

        Assert.That(model.LogLikelihood<byte>([1, 2, 3]), Is.EqualTo(Math.Log(Some.Probability(1, 2, 3))).Within(1e-6));
        Assert.That(model.ToCircuit().Vectors[4].Parameters.ToArray(), Is.EqualTo(new[] { 0.25f, 0.75f }));
    }

    [Test]
    public void What_a_model_saves_is_what_it_is()
    {
        using TemporaryFolder folder = new();
        using CompiledCircuit model = Some.Model();
        var rows = Some.Rows();
        model.Fit(rows, new MiniBatchEm { Epochs = 1 });

        model.Save(folder.File("model.juice"));
        using MemoryStream stream = new();
        model.Save(stream);
        using Circuit read = Circuit.Load(folder.File("model.juice"));
        using CompiledCircuit again = read.Compile();

        Assert.That(again.LogLikelihood(rows), Is.EqualTo(model.LogLikelihood(rows)).Within(1e-5));
        Assert.That(stream.ToArray(), Is.EqualTo(File.ReadAllBytes(folder.File("model.juice"))));
    }

    [Test]
    public void Metadata_goes_through_a_model()
    {
        using Circuit circuit = Some.Circuit().WithMetadata("data", "made up");
        using CompiledCircuit model = circuit.Compile();

        Assert.That(model.ToCircuit().Metadata["data"], Is.EqualTo("made up"));
    }

    [Test]
    public void A_disposed_model_says_so()
    {
        CompiledCircuit model = Some.Model();
        model.Dispose();

        Assert.That(() => model.LogLikelihood(Some.Rows()), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => model.Info, Throws.InstanceOf<ObjectDisposedException>());
    }
}
