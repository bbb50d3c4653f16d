namespace Juice.Tests;

/// <summary>
/// A fixture of an engine: what it asks, it asks on every device, the processor and the first graphics card. Where there is no card (category Gpu)
/// its tests are inconclusive, with the reason.
/// </summary>
[TestFixtureSource(typeof(OnEveryDevice), nameof(Processor))]
[TestFixtureSource(typeof(OnEveryDevice), nameof(Card), Category = Gpu)]
public abstract class OnEveryDevice(string device)
{
    /// <summary>The category of what runs on a graphics card.</summary>
    protected const string Gpu = "Gpu";

    protected static string[] Processor => ["cpu"];

    protected static string[] Card => ["cuda:0"];

    /// <summary>The device under test.</summary>
    protected Device Device { get; } = Juice.Device.Named(device);

    [OneTimeSetUp]
    public void RequireDevice() => Assume.That(Device.IsAvailable, $"{Device.Name} is not available: {Device.Reason}");

    /// <inheritdoc cref="Some.Model"/>
    protected CompiledCircuit SomeModel(int latents = 4, ulong seed = 1, int variables = 12, int categories = 4) =>
        Some.Model(latents, seed, variables, categories, Device);
}
