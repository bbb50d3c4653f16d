using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 2: devices.
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)]
    internal static partial int juice_device_count(out int count);

    [LibraryImport(Library)]
    internal static partial int juice_device_get(int index, NativeDevice* device);
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
