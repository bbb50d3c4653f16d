using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Juice;

/// <summary>
/// A training as a file of JSON lines, to be followed while it goes on: one object for its start, every epoch and its end. See
/// <see cref="FitOptions.Log"/>.
/// </summary>
/// <remarks>
/// <para>
/// Every object has <c>event</c> and <c>time</c> (UTC). <c>start</c>, or <c>resume</c> with the <c>epoch</c> that it goes on after: <c>data</c>, which
/// holds <c>name</c>, <c>rows</c>, <c>variables</c>, <c>validation_rows</c>, <c>mapped</c>; <c>circuit</c>: <c>vectors</c>, <c>nodes</c>,
/// <c>edges</c>, <c>parameters</c>; <c>options</c>: <c>method</c>, <c>epochs</c>, <c>batch_size</c>, <c>shuffle</c>, <c>optimizer</c>, <c>power</c>, <c>step_size</c>,
/// <c>pseudocount</c>, <c>min_deviation</c>, <c>min_scale</c>, <c>seed</c>, <c>patience</c>, <c>keep_best</c>, <c>checkpoint</c>,
/// <c>checkpoint_every</c>; <c>versions</c>: <c>juice</c>, <c>runtime</c>, <c>system</c>; <c>hardware</c>: <c>device</c>, <c>description</c>,
/// <c>instruction_set</c>, <c>threads</c>, <c>cores</c>, <c>memory_bytes</c>, <c>micro_batch</c>.
/// </para>
/// <para>
/// <c>epoch</c>: <c>epoch</c> (from 1), <c>epochs</c>, <c>train_bpd</c>, <c>train_log_likelihood</c> (nats, the mean over rows that are possible),
/// <c>validation_bpd</c> and <c>validation_log_likelihood</c> where there are validation rows, <c>seconds</c> (validation left out),
/// <c>rows_per_second</c>, <c>elapsed_seconds</c> since the start, <c>step_size</c> (of the last update), <c>steps</c>, <c>rows</c>,
/// <c>impossible_rows</c>, <c>checkpoint</c> (the file) or <c>checkpoint_failure</c> (the reason) where one was due. Numbers that are not finite are
/// null.
/// </para>
/// <para>
/// <c>early_stop</c>: <c>epoch</c>, <c>best_epoch</c>. <c>end</c>: <c>epochs</c>, <c>best_epoch</c>, <c>stopped_early</c>, <c>elapsed_seconds</c>.
/// <c>cancel</c>: <c>epoch</c>. <c>failure</c>: <c>epoch</c>, <c>reason</c>.
/// </para>
/// <para>
/// A line is written at once and as a whole, so that whoever reads the file, or finds it after a crash, finds whole lines. A line that cannot be
/// written (a full disk) is left out and the training goes on: see <see cref="Failure"/>. Not safe to use from several trainings at a time.
/// </para>
/// </remarks>
public sealed class TrainingLog : IDisposable
{
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly FileStream _file;
    private double _natsPerBit;

    /// <summary>Opens the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="append">
    /// Whether to write below what is there, as a training that is resumed should: a last line that a crash cut off is taken away. Otherwise the file
    /// begins anew.
    /// </param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public TrainingLog(string path, bool append = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            // Without a buffer of its own: a line is one write to the system, which a crash of the process cannot undo.
            _file = append
                ? new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0)
                : new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{path}' cannot be written: {e.Message}", e);
        }
        if (append && _file.CanSeek) GoToEndOfLastLine();
    }

    /// <summary>What the data is called in the first line; null for no name.</summary>
    public string? DataName { get; init; }

    /// <summary>Why a line could not be written: the first failure; null where there was none.</summary>
    public IOException? Failure { get; private set; }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    internal void Began(CompiledCircuit model, Rows train, Em em, FitOptions options)
    {
        _natsPerBit = model.Variables * Math.Log(2);
        ModelInfo info = model.Info;
        Device device = Device.Named(info.Device);
        Write(options.Resume is null ? "start" : "resume", json =>
        {
            if (options.Resume is { } checkpoint) json.WriteNumber("epoch", checkpoint.Epochs.Count);
            json.WriteStartObject("data");
            if (DataName is not null) json.WriteString("name", DataName);
            json.WriteNumber("rows", train.Count);
            json.WriteNumber("variables", train.Variables);
            json.WriteNumber("validation_rows", options.Validation?.Count ?? 0);
            json.WriteBoolean("mapped", train.IsMapped);
            json.WriteEndObject();
            json.WriteStartObject("circuit");
            json.WriteNumber("vectors", model.Size.Vectors);
            json.WriteNumber("nodes", model.Size.Nodes);
            json.WriteNumber("edges", model.Size.Edges);
            json.WriteNumber("parameters", model.Size.Parameters);
            json.WriteEndObject();
            WriteOptions(json, em, options);
            json.WriteStartObject("versions");
            json.WriteString("juice", JuiceVersion.Native);
            json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
            json.WriteString("system", RuntimeInformation.OSDescription);
            json.WriteEndObject();
            json.WriteStartObject("hardware");
            json.WriteString("device", device.Name);
            json.WriteString("description", device.Description);
            json.WriteString("instruction_set", info.InstructionSet);
            json.WriteNumber("threads", info.Threads);
            json.WriteNumber("cores", device.Cores);
            json.WriteNumber("memory_bytes", device.Memory);
            json.WriteNumber("micro_batch", info.MicroBatch);
            json.WriteEndObject();
        });
    }

    internal void EpochEnded(FitEpoch epoch, FitProgress progress, TimeSpan elapsed, double stepSize) => Write("epoch", json =>
    {
        json.WriteNumber("epoch", epoch.Epoch);
        json.WriteNumber("epochs", progress.Epochs);
        WriteFinite(json, "train_bpd", epoch.TrainBitsPerDimension);
        WriteFinite(json, "train_log_likelihood", -epoch.TrainBitsPerDimension * _natsPerBit);
        if (epoch.ValidationBitsPerDimension is double validation)
        {
            WriteFinite(json, "validation_bpd", validation);
            WriteFinite(json, "validation_log_likelihood", -validation * _natsPerBit);
        }
        WriteSeconds(json, "seconds", epoch.Elapsed);
        WriteFinite(json, "rows_per_second", Math.Round(progress.RowsPerSecond, 1));
        WriteSeconds(json, "elapsed_seconds", elapsed);
        WriteFinite(json, "step_size", stepSize);
        json.WriteNumber("steps", epoch.Steps);
        json.WriteNumber("rows", epoch.Rows);
        json.WriteNumber("impossible_rows", epoch.ImpossibleRows);
        if (progress.CheckpointPath is not null) json.WriteString("checkpoint", progress.CheckpointPath);
        if (progress.CheckpointFailure is not null) json.WriteString("checkpoint_failure", progress.CheckpointFailure.Message);
    });

    internal void Ended(FitResult result)
    {
        if (result.StoppedEarly)
        {
            Write("early_stop", json =>
            {
                json.WriteNumber("epoch", result.Epochs.Count);
                WriteBest(json, result);
            });
        }
        Write("end", json =>
        {
            json.WriteNumber("epochs", result.Epochs.Count);
            WriteBest(json, result);
            json.WriteBoolean("stopped_early", result.StoppedEarly);
            WriteSeconds(json, "elapsed_seconds", result.Elapsed);
        });
    }

    internal void Broke(int epoch, Exception exception) => Write(exception is OperationCanceledException ? "cancel" : "failure", json =>
    {
        json.WriteNumber("epoch", epoch);
        if (exception is not OperationCanceledException) json.WriteString("reason", exception.Message);
    });

    private static void WriteOptions(Utf8JsonWriter json, Em em, FitOptions options)
    {
        json.WriteStartObject("options");
        json.WriteString("method", em.Method);
        json.WriteNumber("epochs", em.Epochs);
        json.WriteNumber("batch_size", em.BatchSize);
        json.WriteBoolean("shuffle", em.ShufflesRows);
        json.WriteString("optimizer", em.Optimizer.Text);
        if (double.IsFinite(em.Power)) json.WriteNumber("power", em.Power);
        else json.WriteString("power", "infinity");
        json.WriteString("step_size", em.StepSize.Text);
        json.WriteNumber("pseudocount", em.Pseudocount);
        json.WriteNumber("min_deviation", em.MinDeviation);
        json.WriteNumber("min_scale", em.MinScale);
        json.WriteNumber("seed", em.Seed);
        if (options.Patience is int patience) json.WriteNumber("patience", patience);
        json.WriteBoolean("keep_best", options.KeepBest);
        if (options.CheckpointPath is { } path)
        {
            json.WriteString("checkpoint", path);
            json.WriteNumber("checkpoint_every", options.CheckpointEvery);
        }
        json.WriteEndObject();
    }

    private static void WriteBest(Utf8JsonWriter json, FitResult result)
    {
        if (result.BestEpoch is int best) json.WriteNumber("best_epoch", best);
    }

    private static void WriteFinite(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    private static void WriteSeconds(Utf8JsonWriter json, string name, TimeSpan time) => json.WriteNumber(name, Math.Round(time.TotalSeconds, 3));

    private void Write(string name, Action<Utf8JsonWriter> write)
    {
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line, s_json))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            json.WriteString("time", DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture));
            write(json);
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        long start = _file.CanSeek ? _file.Position : 0;
        try
        {
            _file.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        }
        catch (IOException e)
        {
            Failure ??= e;
            TakeBack(start);
        }
    }

    // What there was room for of a line is no line.
    private void TakeBack(long length)
    {
        if (!_file.CanSeek) return;
        try
        {
            _file.SetLength(length);
            _file.Position = length;
        }
        catch (IOException e)
        {
            Failure ??= e;
        }
    }

    private void GoToEndOfLastLine()
    {
        byte[] piece = new byte[1 << 12];
        long end = _file.Length;
        while (end > 0)
        {
            int length = (int)Math.Min(end, piece.Length);
            _file.Position = end - length;
            _file.ReadExactly(piece, 0, length);
            int newline = piece.AsSpan(0, length).LastIndexOf((byte)'\n');
            if (newline >= 0)
            {
                end += newline + 1 - length;
                break;
            }
            end -= length;
        }
        _file.SetLength(end);
        _file.Position = end;
    }
}
