using Microsoft.Extensions.Logging;

namespace Juice.Extensions.DependencyInjection;

/// <summary>The event ids of what this package logs, in the category <c>Juice.Models</c>. The library's own are in <see cref="JuiceEventIds"/>.</summary>
public static class JuiceModelEventIds
{
    /// <summary>Information: a model was loaded for the first time.</summary>
    public const int ModelLoaded = 200;

    /// <summary>Information: a newer file took the place of a model.</summary>
    public const int ModelReloaded = 201;

    /// <summary>Error: a model could not be loaded, and there is none to use.</summary>
    public const int ModelFailed = 202;

    /// <summary>Warning: a changed file could not be loaded; the model from before stays.</summary>
    public const int ReloadFailed = 203;
}

internal static partial class ModelLog
{
    [LoggerMessage(JuiceModelEventIds.ModelLoaded, LogLevel.Information, "Model '{Name}' was loaded from {Path} in {Seconds:F2} s")]
    public static partial void Loaded(ILogger logger, string name, string path, double seconds);

    [LoggerMessage(JuiceModelEventIds.ModelReloaded, LogLevel.Information,
        "Model '{Name}' was loaded anew from {Path} in {Seconds:F2} s: generation {Generation}")]
    public static partial void Reloaded(ILogger logger, string name, string path, double seconds, int generation);

    [LoggerMessage(JuiceModelEventIds.ModelFailed, LogLevel.Error, "Model '{Name}' could not be loaded from {Path}")]
    public static partial void Failed(ILogger logger, string name, string path, Exception exception);

    [LoggerMessage(JuiceModelEventIds.ReloadFailed, LogLevel.Warning,
        "Model '{Name}' could not be loaded anew from {Path}; generation {Generation} stays in use")]
    public static partial void ReloadFailed(ILogger logger, string name, string path, int generation, Exception exception);
}
