using Juice.Extensions.DependencyInjection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Juice in a service.</summary>
public static class JuiceServiceCollectionExtensions
{
    /// <summary>
    /// Adds the models that the section <c>Juice</c> of the configuration names, if there is a configuration: <see cref="IJuiceModels"/>, and under
    /// each model's name as the key an <see cref="IJuiceModel"/> (singleton) and a <see cref="ModelLease"/> (scoped). The host loads them when it
    /// starts, and again when their files change. Options that break a rule keep it from starting, with one sentence.
    /// </summary>
    /// <example>
    /// <code>
    /// { "Juice": { "Models": { "fashion": { "Path": "fashion.juice", "Device": "cpu", "Threads": 4 } } } }
    ///
    /// builder.Services.AddJuice();
    /// builder.Services.AddHealthChecks().AddJuice();
    /// app.MapGet("/", ([FromKeyedServices("fashion")] ModelLease lease) => lease.Model.Info);
    /// </code>
    /// </example>
    public static JuiceBuilder AddJuice(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<JuiceOptions>().Configure<IServiceProvider>((options, provider) =>
            provider.GetService<IConfiguration>()?.GetSection(JuiceOptions.SectionName).Bind(options));
        return Add(services);
    }

    /// <summary><see cref="AddJuice(IServiceCollection)"/> with a configuration section that has what <c>Juice</c> would.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, for instance <c>configuration.GetSection("Circuits")</c>.</param>
    public static JuiceBuilder AddJuice(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        services.AddOptions<JuiceOptions>().Configure(options => section.Bind(options));
        return Add(services);
    }

    private static JuiceBuilder Add(IServiceCollection services)
    {
        services.AddOptions<JuiceOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<JuiceOptions>, JuiceOptionsValidator>());
        services.TryAddSingleton<JuiceModels>();
        services.TryAddSingleton<IJuiceModels>(provider => provider.GetRequiredService<JuiceModels>());
        services.TryAddKeyedSingleton<IJuiceModel>(KeyedService.AnyKey, (provider, key) => Find(provider, key));
        services.TryAddKeyedScoped(KeyedService.AnyKey, (provider, key) => Find(provider, key).Acquire());
        services.AddHostedService<JuiceHostedService>();
        return new(services);
    }

    private static IJuiceModel Find(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<IJuiceModels>()[key as string ?? throw new ArgumentException($"Models are asked for by name; {key} is none.", nameof(key))];
}
