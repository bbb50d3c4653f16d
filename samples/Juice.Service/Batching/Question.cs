using System.Diagnostics;
using Juice.Service.Json;

namespace Juice.Service.Batching;

/// <summary>The rows of one request, on their way to an answer.</summary>
internal sealed class Question(JsonRows rows, CancellationToken aborted)
{
    // Whoever waits goes on elsewhere, not on the thread that has the next batch to answer.
    private readonly TaskCompletionSource<Answer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JsonRows Rows => rows;

    public long Asked { get; } = Stopwatch.GetTimestamp();

    public Task<Answer> Answer => _answer.Task;

    /// <summary>Whether nobody waits any more; then there is nothing left to do.</summary>
    public bool IsAbandoned() => aborted.IsCancellationRequested && _answer.TrySetCanceled(aborted);

    public void Set(Answer answer) => _answer.TrySetResult(answer);

    public void Fail(Exception exception) => _answer.TrySetException(exception);
}

/// <summary>What a question came to.</summary>
/// <param name="LogLikelihood">A value a row and root, row-major.</param>
/// <param name="Roots">The model's roots.</param>
/// <param name="Generation">Which loading of the model's file answered.</param>
internal sealed record Answer(double[] LogLikelihood, int Roots, int Generation);
