using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Juice.Extensions.DependencyInjection;

/// <summary>The models that the options name.</summary>
internal sealed class JuiceModels : IJuiceModels, IDisposable
{
    private readonly FrozenDictionary<string, HostedModel> _models;

    public JuiceModels(IOptions<JuiceOptions> options, ILoggerFactory? loggers = null, IHostEnvironment? environment = null, TimeProvider? time = null)
    {
        ILogger logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("Juice.Models");
        string root = environment?.ContentRootPath ?? Environment.CurrentDirectory;
        All = [.. options.Value.Models
            .OrderBy(model => model.Key, StringComparer.Ordinal)
            .Select(model => new HostedModel(model.Key, Path.GetFullPath(model.Value.Path, root), model.Value, logger, time ?? TimeProvider.System))];
        _models = All.ToFrozenDictionary(model => model.Name, StringComparer.OrdinalIgnoreCase);
    }

    public IReadOnlyList<HostedModel> All { get; }

    IReadOnlyList<IJuiceModel> IJuiceModels.All => All;

    public IJuiceModel this[string name] => TryGet(name, out IJuiceModel? model)
        ? model
        : throw new KeyNotFoundException(All.Count == 0
            ? $"There is no model '{name}'; none is configured."
            : $"There is no model '{name}'; there are: {string.Join(", ", All.Select(one => one.Name))}.");

    public bool TryGet(string name, [NotNullWhen(true)] out IJuiceModel? model)
    {
        ArgumentNullException.ThrowIfNull(name);
        bool found = _models.TryGetValue(name, out HostedModel? hosted);
        model = hosted;
        return found;
    }

    public void Dispose()
    {
        foreach (HostedModel model in All) model.Close();
    }
}
