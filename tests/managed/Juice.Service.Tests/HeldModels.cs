using System.Diagnostics.CodeAnalysis;
using Juice.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection;

namespace Juice.Service.Tests;

/// <summary>Models that nobody gets before the gate is open: what is asked meanwhile has to wait.</summary>
internal sealed class HeldModels(IJuiceModels models, ManualResetEventSlim gate) : IJuiceModels
{
    public IReadOnlyList<IJuiceModel> All { get; } = [.. models.All.Select(model => new HeldModel(model, gate))];

    public IJuiceModel this[string name] => TryGet(name, out IJuiceModel? model) ? model : models[name];

    /// <summary>Puts held models in the place of the service's.</summary>
    public static void Replace(IServiceCollection services, ManualResetEventSlim gate)
    {
        ServiceDescriptor original = services.Single(service => service.ServiceType == typeof(IJuiceModels));
        services.Remove(original);
        services.AddSingleton<IJuiceModels>(provider => new HeldModels((IJuiceModels)original.ImplementationFactory!(provider), gate));
    }

    public bool TryGet(string name, [NotNullWhen(true)] out IJuiceModel? model)
    {
        model = All.FirstOrDefault(model => model.Name == name);
        return model is not null;
    }
}

internal sealed class HeldModel(IJuiceModel model, ManualResetEventSlim gate) : IJuiceModel
{
    private int _asked;

    /// <summary>How many times somebody came for the model, whether he still waits or not.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public string Name => model.Name;

    public string Path => model.Path;

    public JuiceModelStatus Status => model.Status;

    public ModelLease Acquire()
    {
        Interlocked.Increment(ref _asked);
        gate.Wait();
        return model.Acquire();
    }

    public Task<bool> ReloadAsync(CancellationToken cancellationToken = default) => model.ReloadAsync(cancellationToken);
}
