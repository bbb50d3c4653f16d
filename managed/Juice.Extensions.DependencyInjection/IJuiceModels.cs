using System.Diagnostics.CodeAnalysis;

namespace Juice.Extensions.DependencyInjection;

/// <summary>The models of a service, by name. A singleton; safe to use from any number of threads.</summary>
public interface IJuiceModels
{
    /// <summary>The models, in the order of their names.</summary>
    IReadOnlyList<IJuiceModel> All { get; }

    /// <summary>The model of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message lists the names.</exception>
    IJuiceModel this[string name] { get; }

    /// <summary>The model of that name, if there is one.</summary>
    bool TryGet(string name, [NotNullWhen(true)] out IJuiceModel? model);
}

/// <summary>
/// One model of a service: whatever its file holds now. A singleton under its name as the key (<c>[FromKeyedServices("NAME")] IJuiceModel</c>);
/// safe to use from any number of threads.
/// </summary>
public interface IJuiceModel
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>The full path of its file.</summary>
    string Path { get; }

    /// <summary>How it stands.</summary>
    JuiceModelStatus Status { get; }

    /// <summary>
    /// The model as it is now, loaded if it never was. It stays usable until the lease is disposed, even where a newer file takes its place.
    /// </summary>
    /// <exception cref="JuiceException">It cannot be loaded; the message says why.</exception>
    /// <exception cref="ObjectDisposedException">The service provider has been disposed.</exception>
    ModelLease Acquire();

    /// <summary>Loads the file now, whether it has changed or not, and puts it in the place of what was loaded before.</summary>
    /// <returns>Whether that went well. Where it did not, what was loaded before stays, and <see cref="Status"/> and the log say why.</returns>
    /// <exception cref="OperationCanceledException">Cancelled before it began; what has begun comes to its end.</exception>
    Task<bool> ReloadAsync(CancellationToken cancellationToken = default);
}
