namespace Juice.Extensions.DependencyInjection;

/// <summary>How a model of a service stands.</summary>
/// <param name="State">Whether it can be used.</param>
/// <param name="Generation">How many times it has been loaded: 1 for the first, 0 before.</param>
/// <param name="LoadedAt">When it was loaded last; null before.</param>
/// <param name="Error">Why the last loading failed; null where it went well.</param>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record JuiceModelStatus(JuiceModelState State, int Generation, DateTimeOffset? LoadedAt, string? Error);

/// <summary>Whether a model can be used.</summary>
public enum JuiceModelState
{
    /// <summary>Nobody asked for it yet, and the host has not started.</summary>
    NotLoaded = 0,

    /// <summary>What was in the file when it was looked at last is in use.</summary>
    Loaded,

    /// <summary>An older model is in use: the last loading failed.</summary>
    ReloadFailed,

    /// <summary>There is nothing to use: no loading went well.</summary>
    Failed,
}
