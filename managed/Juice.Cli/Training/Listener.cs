namespace Juice.Cli.Training;

/// <summary>Calls a function at once, on the thread that reports (unlike <see cref="Progress{T}"/>).</summary>
internal sealed class Listener<T>(Action<T> listen) : IProgress<T>
{
    public void Report(T value) => listen(value);
}
