namespace Juice.Extensions.DependencyInjection;

/// <summary>A model that is disposed when the last of those who hold it lets go. Its maker holds it first.</summary>
internal sealed class SharedModel(CompiledCircuit model, int generation)
{
    private int _holders = 1;

    public CompiledCircuit Model => model;

    public int Generation => generation;

    /// <summary>One more holder; false where the last one has already let go.</summary>
    public bool TryHold()
    {
        int holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            int before = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (before == holders) return true;
            holders = before;
        }
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0) model.Dispose();
    }
}
