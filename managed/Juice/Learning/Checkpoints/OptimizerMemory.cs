using Juice.Interop;

namespace Juice;

/// <summary>
/// What an optimiser remembers after an update: how many it has made, the average mass of the rows, and a moment or two of every vector with parameters,
/// in the layout of its flows.
/// </summary>
internal sealed record OptimizerMemory(int Optimizer, long Updates, double Mass, int Moments, IReadOnlyDictionary<int, float[][]> Vectors)
{
    private static readonly Dictionary<int, float[][]> s_nothing = [];

    public static OptimizerMemory Nothing { get; } = new(0, 0, 0, 0, s_nothing);

    /// <param name="state">The training state of a checkpoint.</param>
    /// <param name="flows">How many flows a vector has: 0 where it has no parameters of its own.</param>
    /// <exception cref="InvalidDataException">The state is not whole.</exception>
    public static OptimizerMemory Read(StateReader state, IReadOnlyList<long> flows)
    {
        if (!state.Has("state.optimizer.updates")) return Nothing;
        int kind = Small(state, "state.optimizer.kind", 3), moments = Small(state, "state.optimizer.moments", 2);
        Dictionary<int, float[][]> vectors = [];
        for (int id = 0; id < flows.Count && moments > 0; id++)
            if (flows[id] > 0) vectors[id] = [.. Enumerable.Range(0, moments).Select(which => state.Floats(Name(which, id), flows[id]))];
        return new(kind, state.Integer("state.optimizer.updates"), state.Real("state.optimizer.mass"), moments, vectors);
    }

    public void Write(StateWriter state)
    {
        if (Updates == 0) return;
        state.Add("state.optimizer.kind", (long)Optimizer);
        state.Add("state.optimizer.updates", Updates);
        state.Add("state.optimizer.mass", Mass);
        state.Add("state.optimizer.moments", (long)Moments);
        foreach ((int id, float[][] moments) in Vectors)
            for (int which = 0; which < moments.Length; which++) state.Add(Name(which, id), moments[which]);
    }

    private static string Name(int which, int vector) => $"state.moment{which + 1}.n{vector}";

    private static int Small(StateReader state, string name, int most) => state.Integer(name) is var value && value >= 0 && value <= most
        ? (int)value
        : throw new InvalidDataException($"'{name}' of the training state is {value}; it is 0 … {most}.");
}
