using Microsoft.Extensions.Logging;

namespace Juice.Extensions.DependencyInjection;

/// <summary>The models of a service. Bound from the configuration section <see cref="SectionName"/>; read once, when the first model is asked for.</summary>
public sealed class JuiceOptions
{
    /// <summary>The configuration section: <c>Juice</c>.</summary>
    public const string SectionName = "Juice";

    /// <summary>The models by name, which like every configuration key is the same in capitals.</summary>
    public IDictionary<string, JuiceModelOptions> Models { get; } = new Dictionary<string, JuiceModelOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// How often the files of models are looked at; 1 s by default, at least 10 ms. A file that changed is loaded once it has stayed the same for
    /// that long.
    /// </summary>
    public TimeSpan ReloadInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The least level of the library's own lines (<see cref="JuiceLog"/>) that go to the service's log, in the category <c>Juice</c>;
    /// <see cref="LogLevel.Information"/> by default, <see cref="LogLevel.None"/> to leave <see cref="JuiceLog"/> alone.
    /// </summary>
    public LogLevel LibraryLogLevel { get; set; } = LogLevel.Information;
}
