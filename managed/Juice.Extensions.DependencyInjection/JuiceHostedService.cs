using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Juice.Extensions.DependencyInjection;

/// <summary>
/// Loads every model while the host starts, so that no request waits for it, and looks at the files while it runs. A model that cannot be loaded
/// does not keep the host from starting: its health check says so, and a file that works may come later.
/// </summary>
internal sealed class JuiceHostedService(JuiceModels models, IOptions<JuiceOptions> options, ILoggerFactory? loggers = null, TimeProvider? time = null)
    : BackgroundService
{
    private readonly ILogger _library = (loggers ?? NullLoggerFactory.Instance).CreateLogger("Juice");

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.LibraryLogLevel != LogLevel.None) JuiceLog.UseLogger(_library, options.Value.LibraryLogLevel);
        foreach (HostedModel model in models.All)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Run(model.LoadFirst, CancellationToken.None).ConfigureAwait(false);
        }
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        JuiceLog.StopUsing(_library);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        HostedModel[] watched = [.. models.All.Where(model => model.WatchesFile)];
        if (watched.Length == 0) return;
        using PeriodicTimer timer = new(options.Value.ReloadInterval, time ?? TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
                foreach (HostedModel model in watched)
                    model.Look();
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }
}
