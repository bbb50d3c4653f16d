namespace Juice;

public sealed partial class CompiledCircuit
{
    // The model whose native call, on this thread, may be calling back. Its lock is held: using it again would wait for itself.
    [ThreadStatic]
    private static CompiledCircuit? s_calling;

    private void CheckNotInCallback()
    {
        if (s_calling == this) throw new InvalidOperationException("A callback (progress, a row source) may not use the model whose call it is part of.");
    }

    // To be held around every native call that may call back.
    private CallScope EnterCall()
    {
        CheckNotInCallback();
        return new CallScope(this);
    }

    private readonly ref struct CallScope : IDisposable
    {
        private readonly CompiledCircuit? _outer;

        public CallScope(CompiledCircuit model)
        {
            _outer = s_calling;
            s_calling = model;
        }

        public void Dispose() => s_calling = _outer;
    }
}
