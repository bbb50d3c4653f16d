using Juice.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Juice among the health checks of a service.</summary>
public static class JuiceHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a check of all models: unhealthy where one cannot be loaded, degraded where the last loading of a changed file failed. Its data holds
    /// each model's <see cref="JuiceModelState"/>, its description the reasons.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="failureStatus">What a model that cannot be loaded means; null for unhealthy.</param>
    /// <param name="tags">The check's tags.</param>
    public static IHealthChecksBuilder AddJuice(
        this IHealthChecksBuilder builder, string name = "juice", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new(name, provider => new JuiceHealthCheck(provider.GetRequiredService<IJuiceModels>()), failureStatus, tags));
    }
}
