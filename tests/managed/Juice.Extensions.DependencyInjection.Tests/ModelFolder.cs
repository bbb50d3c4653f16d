namespace Juice.Extensions.DependencyInjection.Tests;

/// <summary>A folder of model files for one test, and what the models in them answer.</summary>
internal sealed class ModelFolder : IDisposable
{
    public const int Variables = 6;

    private static int s_written;

    public string Root { get; } = Directory.CreateTempSubdirectory("juice-di-tests-").FullName;

    public static byte[] Row { get; } = [0, 1, 2, 0, 1, 2];

    public string File(string name) => Path.Combine(Root, name);

    /// <summary>Writes the model of a seed, and the time of writing forward: two in the same tick of the file system's clock are two all the same.</summary>
    public string Write(ulong seed, string name = "model.juice")
    {
        using Circuit circuit = Make(seed);
        circuit.Save(File(name));
        return Touch(name);
    }

    public string WriteText(string text, string name = "model.juice")
    {
        System.IO.File.WriteAllText(File(name), text);
        return Touch(name);
    }

    /// <summary>What a direct call answers for <see cref="Row"/>.</summary>
    public static double Answer(ulong seed)
    {
        using Circuit circuit = Make(seed);
        using CompiledCircuit model = circuit.Compile();
        return model.LogLikelihood<byte>(Row);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private string Touch(string name)
    {
        System.IO.File.SetLastWriteTimeUtc(File(name), new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(Interlocked.Increment(ref s_written)));
        return File(name);
    }

    private static Circuit Make(ulong seed) =>
        Structures.Hclt([.. Enumerable.Range(-1, Variables)], [.. Enumerable.Repeat(new Categorical(3), Variables)], latents: 4, seed);
}
