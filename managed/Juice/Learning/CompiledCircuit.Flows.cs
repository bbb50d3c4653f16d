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

    /// <summary>
    /// The gradient that the flow buffer holds, by a vector's parameters in their layout: that of Σ root flows · log-likelihoods. Give
    /// <see cref="Backward"/> the derivatives of any function by the log-likelihoods, and this is the function's gradient. Each parameter is taken by
    /// itself, as if a node's weights need not add up to 1: F/θ, and 0 where θ is exactly 0.
    /// </summary>
    /// <param name="vector">The number of an input or sum vector; a tied one gives its owner's, all uses together.</param>
    /// <exception cref="ArgumentException">There is no such vector, or it is a product.</exception>
    /// <remarks>Of a discrete logistic only what backward itself has added counts: flows that are set or imported vector by vector lack its derivatives.</remarks>
    public float[] GetGradient(int vector) => Gradient(vector, logs: 0);

    /// <summary>
    /// The same gradient by the logs of parameters that stay normalised: F − θ·ΣF for weights and probabilities; by the logit for Bernoulli and
    /// binomial; by mean and log deviation for a Gaussian, by mean and log scale for a discrete logistic.
    /// </summary>
    /// <param name="vector">The number of an input or sum vector; a tied one gives its owner's, all uses together.</param>
    /// <exception cref="ArgumentException">There is no such vector, or it is a product.</exception>
    public float[] GetLogGradient(int vector) => Gradient(vector, logs: 1);

    private unsafe float[] Gradient(int vector, int logs)
    {
        CheckNotInCallback();
        float[] gradient = new float[Shape(vector).Parameters];
        fixed (float* first = gradient) Status.Check(NativeMethods.juice_model_get_gradient(Handle, vector, logs, first, gradient.Length));
        return gradient;
    }
}
