using System.Diagnostics;
using System.Text;
using Juice.Interop;

namespace Juice;

/// <summary>
/// A circuit compiled for a device, with parameters of its own: it answers queries (<see cref="LogLikelihood(Rows, CancellationToken)"/>) and
/// trains (<see cref="Fit"/>, or the step in three calls: <see cref="Forward(Rows)"/>, <see cref="Backward"/>, <see cref="Update"/>).
/// </summary>
/// <remarks>
/// Safe to use from any number of threads: queries run concurrently; what trains or changes parameters is exclusive and waits for queries, and
/// queries for it. The three calls of a step belong together: one thread at a time goes through them. A callback of a call (progress, a row source)
/// must not use the same model: that is an <see cref="InvalidOperationException"/>. Two models never share parameters.
/// </remarks>
public sealed partial class CompiledCircuit : IDisposable
{
    private readonly VectorShape[] _shapes;
    private readonly Distribution[] _domains;
    private readonly string _device;

    internal CompiledCircuit(Circuit circuit, Device device, CompileOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MemoryLimit);
        ArgumentOutOfRangeException.ThrowIfNegative(options.BatchSize);
        Variables = circuit.Variables;
        Roots = circuit.Roots;
        _device = device.Name;
        Size = new CircuitSize(circuit.VectorCount, circuit.Nodes, circuit.Edges, circuit.Parameters);
        (_shapes, _domains) = VectorShape.Read(circuit);

        using Activity? activity = Tracing.Source.StartActivity(JuiceTelemetry.CompileActivity);
        activity?.SetTag(JuiceTelemetry.DeviceTag, _device);
        long start = Stopwatch.GetTimestamp();
        try
        {
            Handle = Compile(circuit, options);
        }
        catch (Exception e) when (activity.Failed(e))
        {
            throw;
        }
        Handle.Alive = Instruments.AddModel(_device);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Instruments.CompileDuration.Record(seconds, Instruments.Device(_device));
        JuiceLog.CircuitCompiled(Variables, _shapes.Length, _device, seconds);
    }

    private unsafe ModelHandle Compile(Circuit circuit, CompileOptions options)
    {
        string? instructionSet = options.InstructionSet == InstructionSet.Automatic ? null : options.InstructionSet.ToString().ToLowerInvariant();
        fixed (byte* deviceName = Encoding.UTF8.GetBytes(_device + '\0'))
        fixed (byte* setName = instructionSet is null ? null : Encoding.UTF8.GetBytes(instructionSet + '\0'))
        {
            NativeCompileOptions native = new()
            {
                Size = sizeof(NativeCompileOptions),
                Threads = options.Threads,
                Device = deviceName,
                InstructionSet = setName,
                MemoryLimit = options.MemoryLimit,
                BatchSize = options.BatchSize,
                Precision = (int)options.Precision,
            };
            Status.Check(NativeMethods.juice_model_compile(circuit.Handle, in native, out ModelHandle handle));
            return handle;
        }
    }

    internal ModelHandle Handle { get; }

    /// <summary>Of the circuit, which may be gone.</summary>
    internal CircuitSize Size { get; }

    /// <summary>Number of variables.</summary>
    public int Variables { get; }

    /// <summary>Nodes of the root vector: distributions over all variables, each with its own log-likelihood.</summary>
    public int Roots { get; }

    /// <summary>What the circuit was compiled to.</summary>
    public unsafe ModelInfo Info
    {
        get
        {
            NativeModelInfo native = new() { Size = sizeof(NativeModelInfo) };
            Status.Check(NativeMethods.juice_model_get_info(Handle, &native));
            return new ModelInfo(&native);
        }
    }

    /// <summary>The plan in words: stages, operations, shapes, bytes, floating-point operations.</summary>
    public string Plan => ReadPlan(json: 0);

    /// <summary>The plan as JSON.</summary>
    public string PlanJson => ReadPlan(json: 1);

    /// <summary>A copy of the parameters of an input or sum vector in the model file's layout; of its owner where it is tied.</summary>
    public float[] GetParameters(int vector)
    {
        float[] parameters = new float[Shape(vector).Parameters];
        GetParameters(vector, parameters);
        return parameters;
    }

    /// <summary>Copies the parameters of an input or sum vector out, in the model file's layout; of its owner where it is tied.</summary>
    /// <exception cref="ArgumentException">There is no such vector, or its number of parameters is another.</exception>
    public unsafe void GetParameters(int vector, Span<float> destination)
    {
        CheckNotInCallback();
        fixed (float* first = destination) Status.Check(NativeMethods.juice_model_get_parameters(Handle, vector, first, destination.Length));
    }

    /// <summary>Sets the parameters of an input or sum vector, given in the model file's layout; of its owner where it is tied.</summary>
    /// <exception cref="ArgumentException">There is no such vector, its number of parameters is another, or they break a rule of the format.</exception>
    public unsafe void SetParameters(int vector, ReadOnlySpan<float> parameters)
    {
        CheckNotInCallback();
        fixed (float* first = parameters) Status.Check(NativeMethods.juice_model_set_parameters(Handle, vector, first, parameters.Length));
    }

    /// <summary>The circuit with the parameters as they are now.</summary>
    public Circuit ToCircuit()
    {
        CheckNotInCallback();
        Status.Check(NativeMethods.juice_model_to_circuit(Handle, out CircuitHandle circuit));
        return new Circuit(circuit);
    }

    /// <summary>Writes a model file with the parameters as they are now.</summary>
    /// <inheritdoc cref="Circuit.Save(string)"/>
    public void Save(string path)
    {
        using Circuit circuit = ToCircuit();
        circuit.Save(path);
    }

    /// <summary>Writes the bytes of a model file with the parameters as they are now to a stream, which stays open.</summary>
    public void Save(Stream stream)
    {
        using Circuit circuit = ToCircuit();
        circuit.Save(stream);
    }

    /// <summary>Frees the native memory; a call that is under way on another thread ends first.</summary>
    public void Dispose() => Handle.Dispose();

    internal VectorShape Shape(int vector) => vector >= 0 && vector < _shapes.Length
        ? _shapes[vector]
        : throw new ArgumentOutOfRangeException(nameof(vector), vector, $"There is no vector {vector}; the circuit has vectors 0 … {_shapes.Length - 1}.");

    private unsafe string ReadPlan(int json)
    {
        Status.Check(NativeMethods.juice_model_plan(Handle, json, out byte* text));
        return NativeText.Take(text);
    }
}
