// The C ABI, one file a section of juice.h; methods are named as the functions that they import, so that a search finds both sides.
using System.Runtime.InteropServices;

namespace Juice.Interop;

internal static partial class NativeMethods
{
    private const string Library = NativeLoader.LibraryName;

    // Before the first call of any of them: imports go through our resolver.
    static NativeMethods() => NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, NativeLoader.Resolve);
}
