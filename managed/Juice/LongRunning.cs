namespace Juice;

/// <summary>Work of minutes as a task: a thread of its own, so that the pool's stay free.</summary>
internal static class LongRunning
{
    public static Task<T> Run<T>(Func<T> work, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(work, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
