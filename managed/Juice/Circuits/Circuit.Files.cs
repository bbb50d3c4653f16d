using System.Diagnostics;
using System.Text;
using Juice.Interop;

namespace Juice;

public sealed partial class Circuit
{
    /// <summary>Reads a model file. The file is mapped: its parameters are read when they are needed, not copied.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seed">Draws the parameters of a skeleton; without one, a skeleton is an error.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not a valid circuit; the message names the vector and the rule.</exception>
    public static unsafe Circuit Load(string path, ulong? seed = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using Activity? activity = Tracing.StartFile(JuiceTelemetry.LoadActivity, path);
        try
        {
            ulong value = seed ?? 0;
            Status.Check(NativeMethods.juice_circuit_read(path, seed.HasValue ? &value : null, out CircuitHandle handle));
            return new Circuit(handle);
        }
        catch (Exception e) when (activity.Failed(e))
        {
            throw;
        }
    }

    /// <summary>Reads a model file from a stream, from where it stands to its end.</summary>
    /// <inheritdoc cref="Load(string, ulong?)"/>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="seed">Draws the parameters of a skeleton; without one, a skeleton is an error.</param>
    public static unsafe Circuit Load(Stream stream, ulong? seed = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using Activity? activity = Tracing.StartFile(JuiceTelemetry.LoadActivity);
        try
        {
            using NativeBuffer bytes = NativeBuffer.ReadToEnd(stream);
            ulong value = seed ?? 0;
            Status.Check(NativeMethods.juice_circuit_read_memory(bytes.Pointer, bytes.Length, seed.HasValue ? &value : null, out CircuitHandle handle));
            return new Circuit(handle);
        }
        catch (Exception e) when (activity.Failed(e))
        {
            throw;
        }
    }

    /// <summary>Writes a model file: to a temporary file beside it, flushed and renamed, so that a crash leaves the old file or the new one.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using Activity? activity = Tracing.StartFile(JuiceTelemetry.SaveActivity, path);
        try
        {
            Status.Check(NativeMethods.juice_circuit_write(Handle, path));
        }
        catch (Exception e) when (activity.Failed(e))
        {
            throw;
        }
    }

    /// <summary>Writes the bytes of a model file to a stream, which stays open.</summary>
    public unsafe void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using Activity? activity = Tracing.StartFile(JuiceTelemetry.SaveActivity);
        try
        {
            using SinkScope sink = new(stream);
            sink.Check(NativeMethods.juice_circuit_write_stream(Handle, SinkScope.Callback, sink.User));
        }
        catch (Exception e) when (activity.Failed(e))
        {
            throw;
        }
    }

    /// <summary>The circuit as readable JSON, with edges and parameters written out; floats keep every bit.</summary>
    public unsafe string ToJson()
    {
        Status.Check(NativeMethods.juice_circuit_to_json(Handle, out byte* json));
        return NativeText.Take(json);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <param name="seed">Draws the parameters of a skeleton; without one, a skeleton is an error.</param>
    /// <exception cref="InvalidDataException">It is not a valid circuit; the message names the vector and the rule.</exception>
    public static unsafe Circuit FromJson(string json, ulong? seed = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        ulong value = seed ?? 0;
        byte empty = 0;
        fixed (byte* first = bytes)
        {
            byte* text = first is null ? &empty : first;
            Status.Check(NativeMethods.juice_circuit_from_json(text, bytes.Length, seed.HasValue ? &value : null, out CircuitHandle handle));
            return new Circuit(handle);
        }
    }
}
