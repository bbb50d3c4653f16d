using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 4: rows, which has a struct and no functions.
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeRows
{
    public int Size;
    public int Element;
    public void* Data;
    public long Count;
    public long RowStride;
    public int Variables;
    public int HasSentinel;
    public double Sentinel;
    public byte* Missing;
    public float* Weights;
    public delegate* unmanaged[Cdecl]<long*, long, void*, byte*, void*, int> Fetch;
    public void* User;
    public long* Selection;
    public long DataCount;
    public int Mapped;
    public int Version;
}
