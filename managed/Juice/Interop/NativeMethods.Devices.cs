using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 2: devices.
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)]
    internal static partial int juice_device_count(out int count);

    [LibraryImport(Library)]
    internal static partial int juice_device_get(int index, NativeDevice* device);

    [LibraryImport(Library)]
    internal static partial int juice_machine_measure(int threads, byte* instructionSet, NativeMachine* machine);
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeDevice
{
    public int Size;
    public int Available;
    public long Memory;
    public int Cores;
    public int Reserved;
    public fixed byte Name[32];
    public fixed byte Description[192];
    public fixed byte Reason[256];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMachine
{
    public int Size;
    public int Threads;
    public double MatrixRate;
    public double CopyRate;
    public fixed byte InstructionSet[32];
}
