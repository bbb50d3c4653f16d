using System.Diagnostics;
using System.Threading.Channels;
using Juice.Extensions.DependencyInjection;
using Juice.Service.Json;

namespace Juice.Service.Batching;

/// <summary>
/// Gathers what is asked of one model at the same time into one native call. An answer does not depend on the rows around it, so every request
/// gets the bits that a call of its own would give.
/// </summary>
internal sealed class Batcher
{
    private readonly IJuiceModel _model;
    private readonly ServiceOptions _options;
    private readonly ServiceMetrics _metrics;
    private readonly Channel<Question> _questions = Channel.CreateUnbounded<Question>();
    private readonly Lock _take = new();
    private readonly Task _workers;
    private int _queuedRows;

    public Batcher(IJuiceModel model, ServiceOptions options, ServiceMetrics metrics)
    {
        (_model, _options, _metrics) = (model, options, metrics);
        _workers = Task.WhenAll(Enumerable.Range(0, options.WorkerCount).Select(_ => Task.Run(WorkAsync)));
    }

    /// <summary>The answer to rows, in time.</summary>
    /// <exception cref="OverloadedException">Too many rows wait already, or the service is stopping.</exception>
    public Task<Answer> AskAsync(JsonRows rows, CancellationToken aborted)
    {
        int queued = Interlocked.Add(ref _queuedRows, rows.Count);
        if (queued > _options.MaxQueuedRows)
        {
            Interlocked.Add(ref _queuedRows, -rows.Count);
            _metrics.Rejected(_model.Name);
            throw new OverloadedException($"{queued - rows.Count} rows wait for the model '{_model.Name}' already; {_options.MaxQueuedRows} may.");
        }
        Question question = new(rows, aborted);
        _metrics.Queued(_model.Name, rows.Count);
        if (_questions.Writer.TryWrite(question)) return question.Answer;
        Dequeued(question);
        throw new OverloadedException("The service is stopping.");
    }

    /// <summary>Takes no more questions, and ends when all are answered.</summary>
    public Task StopAsync()
    {
        _questions.Writer.TryComplete();
        return _workers;
    }

    private async Task WorkAsync()
    {
        List<Question> batch = [];
        double[] memory = [];
        while (await _questions.Reader.WaitToReadAsync())
        {
            batch.Clear();
            if (!Take(batch)) continue; // another worker was faster
            if (_options.MaxWait > TimeSpan.Zero) await WaitForMoreAsync(batch);
            batch.RemoveAll(question => question.IsAbandoned());
            if (batch.Count == 0) continue;
            try
            {
                AnswerAll(batch, ref memory);
            }
            catch (Exception e)
            {
                foreach (Question question in batch) question.Fail(e); // those who have their answer keep it
            }
        }
    }

    // Moves questions from the queue to the batch, as far as they fit; whether there were any. One worker at a time, or what was seen to fit is gone.
    private bool Take(List<Question> batch)
    {
        lock (_take)
        {
            int before = batch.Count, rows = RowsOf(batch);
            while (_questions.Reader.TryPeek(out Question? next) && (batch.Count == 0 || rows + next.Rows.Count <= _options.MaxBatchRows)
                && _questions.Reader.TryRead(out next))
            {
                batch.Add(next);
                rows += next.Rows.Count;
                Dequeued(next);
                _metrics.Waited(_model.Name, Stopwatch.GetElapsedTime(next.Asked));
            }
            return batch.Count > before;
        }
    }

    private async Task WaitForMoreAsync(List<Question> batch)
    {
        using CancellationTokenSource deadline = new(_options.MaxWait);
        while (RowsOf(batch) < _options.MaxBatchRows)
        {
            Task<bool> more = _questions.Reader.WaitToReadAsync(deadline.Token).AsTask();
            await ((Task)more).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!more.IsCompletedSuccessfully || !more.Result || !Take(batch)) return; // time is up, or the service stops, or no more fit
        }
    }

    private void AnswerAll(List<Question> batch, ref double[] memory)
    {
        using ModelLease lease = _model.Acquire();
        CompiledCircuit model = lease.Model;
        _metrics.Batch(_model.Name, batch.Count, RowsOf(batch));
        if (batch.Count == 1 || batch.Any(question => question.Rows.Variables != model.Variables) || !TryTogether(batch, lease, ref memory))
            foreach (Question question in batch)
                AnswerAlone(question, lease);
    }

    // False where a row of somebody's breaks a rule: then everybody is asked alone, and whose row it was gets the library's sentence about it.
    private static bool TryTogether(List<Question> batch, ModelLease lease, ref double[] memory)
    {
        CompiledCircuit model = lease.Model;
        int entries = RowsOf(batch) * model.Variables, at = 0;
        if (memory.Length < entries) memory = new double[entries];
        foreach (Question question in batch)
        {
            question.Rows.Values.Span.CopyTo(memory.AsSpan(at));
            at += question.Rows.Values.Length;
        }
        double[] logs;
        try
        {
            logs = model.LogLikelihood(Rows.Of((ReadOnlyMemory<double>)memory.AsMemory(0, entries), model.Variables));
        }
        catch (ArgumentException)
        {
            return false;
        }
        at = 0;
        foreach (Question question in batch)
        {
            int count = question.Rows.Count * model.Roots;
            question.Set(new(logs.AsSpan(at, count).ToArray(), model.Roots, lease.Generation));
            at += count;
        }
        return true;
    }

    private static void AnswerAlone(Question question, ModelLease lease)
    {
        try
        {
            question.Set(new(lease.Model.LogLikelihood(question.Rows.ToRows()), lease.Model.Roots, lease.Generation));
        }
        catch (Exception e)
        {
            question.Fail(e);
        }
    }

    private void Dequeued(Question question)
    {
        Interlocked.Add(ref _queuedRows, -question.Rows.Count);
        _metrics.Queued(_model.Name, -question.Rows.Count);
    }

    private static int RowsOf(List<Question> batch)
    {
        int rows = 0;
        foreach (Question question in batch) rows += question.Rows.Count;
        return rows;
    }
}
