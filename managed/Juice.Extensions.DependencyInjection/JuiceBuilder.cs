using Juice.Extensions.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What <see cref="JuiceServiceCollectionExtensions.AddJuice(IServiceCollection)"/> goes on with.</summary>
public sealed class JuiceBuilder
{
    internal JuiceBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services that Juice was added to.</summary>
    public IServiceCollection Services { get; }

    /// <summary>A model beside those of the configuration; where that has one of this name, what this sets is set last.</summary>
    /// <param name="name">The name that it is asked for by.</param>
    /// <param name="configure">Sets <see cref="JuiceModelOptions.Path"/> and what else is not to be the default.</param>
    public JuiceBuilder AddModel(string name, Action<JuiceModelOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        Services.Configure<JuiceOptions>(options =>
        {
            if (!options.Models.TryGetValue(name, out JuiceModelOptions? model)) options.Models.Add(name, model = new());
            configure(model);
        });
        return this;
    }

    /// <summary>A model beside those of the configuration, with the defaults.</summary>
    /// <param name="name">The name that it is asked for by.</param>
    /// <param name="path">The model's file.</param>
    public JuiceBuilder AddModel(string name, string path) => AddModel(name, model => model.Path = path);
}
