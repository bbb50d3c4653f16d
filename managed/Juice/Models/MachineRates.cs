using Juice.Interop;

namespace Juice;

/// <summary>What the processor can do at most, measured: what a benchmark's times are held against.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record MachineRates
{
    private unsafe MachineRates(NativeMachine* native)
    {
        InstructionSet = NativeText.Read(native->InstructionSet, 32);
        Threads = native->Threads;
        MatrixRate = native->MatrixRate;
        CopyRate = native->CopyRate;
    }

    /// <summary>The instruction set that was measured: what <c>JUICE_CPU</c> names, else the best there is.</summary>
    public string InstructionSet { get; }

    /// <summary>Processor threads that worked at it.</summary>
    public int Threads { get; }

    /// <summary>
    /// Floating-point operations a second (two a multiply-add) of a product of two float32 matrices of 1024 × 1024, the best of several, by the
    /// inner loop that all of Juice's products use.
    /// </summary>
    public double MatrixRate { get; }

    /// <summary>Bytes a second, read and written, of a copy of 256 MiB (less on small machines), the best of several.</summary>
    public double CopyRate { get; }

    /// <summary>Measures the processor, for about a second. Whatever else runs at the time makes it look slower.</summary>
    /// <param name="threads">How many; 0 (the default) is all cores.</param>
    /// <exception cref="ArgumentException">A number of threads that is negative or above 1024.</exception>
    public static unsafe MachineRates Measure(int threads = 0)
    {
        NativeMachine native = new() { Size = sizeof(NativeMachine) };
        Status.Check(NativeMethods.juice_machine_measure(threads, null, &native));
        return new MachineRates(&native);
    }
}
