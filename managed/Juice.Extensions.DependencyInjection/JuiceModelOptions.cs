namespace Juice.Extensions.DependencyInjection;

/// <summary>One model of a service: the configuration section <c>Juice:Models:NAME</c>.</summary>
public sealed class JuiceModelOptions
{
    /// <summary>The model's file. A relative path starts at the host's content root. Must be given.</summary>
    public string Path { get; set; } = "";

    /// <summary>The device to compile for, <c>cpu</c> or <c>cuda:0</c>; empty, the default, for <see cref="Device.Default"/>.</summary>
    public string Device { get; set; } = "";

    /// <inheritdoc cref="CompileOptions.Threads"/>
    public int Threads { get; set; }

    /// <inheritdoc cref="CompileOptions.MemoryLimit"/>
    public long MemoryLimit { get; set; }

    /// <inheritdoc cref="CompileOptions.BatchSize"/>
    public int BatchSize { get; set; } = 256;

    /// <inheritdoc cref="CompileOptions.Precision"/>
    public Precision Precision { get; set; }

    /// <summary>Whether the model is loaded anew when its file changes; true by default. While it is, both models are in memory.</summary>
    public bool Reload { get; set; } = true;
}
