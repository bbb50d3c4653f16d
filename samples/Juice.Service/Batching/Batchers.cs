using System.Collections.Frozen;
using Juice.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Juice.Service.Batching;

/// <summary>A batcher for each model. The server stops before it, so that whoever was let in is answered.</summary>
internal sealed class Batchers(IJuiceModels models, IOptions<ServiceOptions> options, ServiceMetrics metrics) : IHostedService
{
    private readonly FrozenDictionary<IJuiceModel, Batcher> _batchers =
        models.All.ToFrozenDictionary(model => model, model => new Batcher(model, options.Value, metrics));

    public Batcher this[IJuiceModel model] => _batchers[model];

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(_batchers.Values.Select(batcher => batcher.StopAsync())).WaitAsync(cancellationToken);
}
