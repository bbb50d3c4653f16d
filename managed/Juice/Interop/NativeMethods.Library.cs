using System.Runtime.InteropServices;

namespace Juice.Interop;

// Section 1: version, status, errors, log.
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)]
    internal static partial int juice_abi_version();

    [LibraryImport(Library)]
    internal static partial byte* juice_version();

    [LibraryImport(Library)]
    internal static partial byte* juice_last_error();

    [LibraryImport(Library)]
    internal static partial void juice_set_log(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* user, int minimumLevel);

    [LibraryImport(Library)]
    internal static partial void juice_text_free(byte* text);

    [LibraryImport(Library)]
    internal static partial int juice_layout(int index, out byte* structName, out byte* field, out long offset, out long size);
}
