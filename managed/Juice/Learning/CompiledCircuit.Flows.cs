using Juice.Interop;

namespace Juice;

// Flows: what backward adds up and update uses.
public sealed partial class CompiledCircuit
{
    /// <summary>Floats in the flow buffer.</summary>
    public long FlowCount
    {
        get
        {
            Status.Check(NativeMethods.juice_model_flow_count(Handle, out long count));
            return count;
        }
    }

    /// <summary>
    /// A copy of a vector's parameter flows: a sum's edge flows in the layout of its parameters; an input's statistics <c>[nodes, k]</c>:
    /// categorical, k = categories; Bernoulli and binomial, the flows of failures and successes; Gaussian and discrete logistic, Σf, Σfd, Σfd²
    /// with d = x − mean. Tied vectors share their owner's.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such vector, or it is a product.</exception>
    public float[] GetFlows(int vector)
    {
        float[] flows = new float[Shape(vector).Flows];
        GetFlows(vector, flows);
        return flows;
    }

    /// <inheritdoc cref="GetFlows(int)"/>
    /// <param name="vector">The number of an input or sum vector.</param>
    /// <param name="destination">Gets the flows; exactly as long.</param>
    public unsafe void GetFlows(int vector, Span<float> destination)
    {
        CheckNotInCallback();
        fixed (float* first = destination) Status.Check(NativeMethods.juice_model_get_flows(Handle, vector, first, destination.Length));
    }

    /// <summary>Sets a vector's parameter flows, in the layout of <see cref="GetFlows(int)"/>.</summary>
    /// <exception cref="ArgumentException">There is no such vector, it is a product, or its number of flows is another.</exception>
    public unsafe void SetFlows(int vector, ReadOnlySpan<float> flows)
    {
        CheckNotInCallback();
        fixed (float* first = flows) Status.Check(NativeMethods.juice_model_set_flows(Handle, vector, first, flows.Length));
    }

    /// <summary>A copy of the node flows of any vector, <c>[nodes]</c>, its own even where it is tied.</summary>
    /// <exception cref="ArgumentException">There is no such vector.</exception>
    public float[] GetNodeFlows(int vector)
    {
        float[] flows = new float[Shape(vector).Nodes];
        GetNodeFlows(vector, flows);
        return flows;
    }

    /// <inheritdoc cref="GetNodeFlows(int)"/>
    /// <param name="vector">The number of the vector.</param>
    /// <param name="destination">Gets the flows; exactly as long.</param>
    public unsafe void GetNodeFlows(int vector, Span<float> destination)
    {
        CheckNotInCallback();
        fixed (float* first = destination) Status.Check(NativeMethods.juice_model_get_node_flows(Handle, vector, first, destination.Length));
    }

    /// <summary>Copies the whole flow buffer out, in the plan's layout: to be added up over models of the same plan.</summary>
    /// <param name="destination">Room for exactly <see cref="FlowCount"/> floats.</param>
    public unsafe void ExportFlows(Span<float> destination)
    {
        CheckNotInCallback();
        fixed (float* first = destination) Status.Check(NativeMethods.juice_model_export_flows(Handle, first, destination.Length));
    }

    /// <summary>A copy of the whole flow buffer, in the plan's layout.</summary>
    public float[] ExportFlows()
    {
        float[] flows = new float[FlowCount];
        ExportFlows(flows);
        return flows;
    }

    /// <summary>Replaces the whole flow buffer.</summary>
    /// <param name="flows">Exactly <see cref="FlowCount"/> floats, in the plan's layout.</param>
    public unsafe void ImportFlows(ReadOnlySpan<float> flows)
    {
        CheckNotInCallback();
        fixed (float* first = flows) Status.Check(NativeMethods.juice_model_import_flows(Handle, first, flows.Length));
    }

    /// <summary>Adds to the whole flow buffer.</summary>
    /// <param name="flows">Exactly <see cref="FlowCount"/> floats, in the plan's layout.</param>
    public unsafe void AddFlows(ReadOnlySpan<float> flows)
    {
        CheckNotInCallback();
        fixed (float* first = flows) Status.Check(NativeMethods.juice_model_add_flows(Handle, first, flows.Length));
    }

    /// <summary>Sets all flows to 0.</summary>
    public void ClearFlows()
    {
        CheckNotInCallback();
        Status.Check(NativeMethods.juice_model_clear_flows(Handle));
    }
}
