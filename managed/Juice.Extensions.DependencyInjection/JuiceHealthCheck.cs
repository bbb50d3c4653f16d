using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Juice.Extensions.DependencyInjection;

/// <summary>Unhealthy where a model cannot be used, degraded where an older one than its file's is in use.</summary>
internal sealed class JuiceHealthCheck(IJuiceModels models) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        (IJuiceModel Model, JuiceModelStatus Status)[] all = [.. models.All.Select(model => (model, model.Status))];
        Dictionary<string, object> data = all.ToDictionary(one => one.Model.Name, object (one) => one.Status.State.ToString());
        HealthStatus worst = all.Select(one => StatusOf(one.Status.State, context)).Append(HealthStatus.Healthy).Min();
        string[] faults = [.. all.Where(one => one.Status.State != JuiceModelState.Loaded).Select(one => Sentence(one.Model, one.Status))];
        string description = faults.Length == 0 ? $"{all.Length} models are loaded." : string.Join(' ', faults);
        return Task.FromResult(new HealthCheckResult(worst, description, data: data));
    }

    private static HealthStatus StatusOf(JuiceModelState state, HealthCheckContext context) => state switch
    {
        JuiceModelState.Loaded => HealthStatus.Healthy,
        JuiceModelState.ReloadFailed => HealthStatus.Degraded,
        _ => context.Registration.FailureStatus,
    };

    private static string Sentence(IJuiceModel model, JuiceModelStatus status) => status.State switch
    {
        JuiceModelState.NotLoaded => $"Model '{model.Name}' is not loaded yet.",
        JuiceModelState.ReloadFailed => $"Model '{model.Name}' is an older one, generation {status.Generation}: {status.Error}",
        _ => $"Model '{model.Name}' cannot be loaded: {status.Error}",
    };
}
