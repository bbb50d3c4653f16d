using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Juice.Interop;

/// <summary>Finds the native library and makes sure that it is the one this assembly was written for.</summary>
internal static class NativeLoader
{
    public const string LibraryName = "juice";

    /// <summary>JUICE_ABI_VERSION of the juice.h that the imports were written from.</summary>
    public const int AbiVersion = 2;

    private const string PathVariable = "JUICE_NATIVE_PATH";

    public static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != LibraryName) return 0;
        nint library = Load(name, assembly, searchPath, Environment.GetEnvironmentVariable(PathVariable), AppContext.BaseDirectory);
        CheckVersion(library);
        return library;
    }

    /// <summary>The places to look, in order: the variable's, beside the application, its runtimes folder.</summary>
    public static IEnumerable<string> Candidates(string name, string? variable, string baseDirectory)
    {
        string file = FileName(name);
        if (!string.IsNullOrEmpty(variable)) yield return File.Exists(variable) ? variable : Path.Combine(variable, file);
        yield return Path.Combine(baseDirectory, file);
        yield return Path.Combine(baseDirectory, "runtimes", Rid, "native", file);
    }

    /// <summary>Loads the library from the first place that has it, or throws with a list of all that were tried.</summary>
    public static nint Load(string name, Assembly assembly, DllImportSearchPath? searchPath, string? variable, string baseDirectory)
    {
        List<string> tried = [];
        foreach (string path in Candidates(name, variable, baseDirectory))
        {
            if (TryLoad(path, out nint library, out string? failure)) return library;
            tried.Add($"{path}: {failure}");
        }
        if (NativeLibrary.TryLoad(name, assembly, searchPath, out nint found)) return found;
        tried.Add($"the system's default search for '{name}': not found");
        throw new JuiceException($"""
            The native library {FileName(name)} could not be loaded. Tried, in this order:
            {string.Join(Environment.NewLine, tried.Select(place => "  " + place))}
            Set {PathVariable} to the directory that holds it.
            """);
    }

    private static string FileName(string name) =>
        OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    private static string Rid
    {
        get
        {
            string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
            string architecture = RuntimeInformation.ProcessArchitecture switch
            {
                Architecture.X64 => "x64",
                Architecture.Arm64 => "arm64",
                Architecture other => other.ToString().ToUpperInvariant(),
            };
            return $"{system}-{architecture}";
        }
    }

    private static bool TryLoad(string path, out nint library, [NotNullWhen(false)] out string? failure)
    {
        library = 0;
        failure = File.Exists(path) ? null : "no such file";
        if (failure is not null) return false;
        try
        {
            library = NativeLibrary.Load(path);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            failure = e.Message;
            return false;
        }
    }

    private static unsafe void CheckVersion(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "juice_abi_version", out nint address))
            throw new JuiceException("The library found under the name 'juice' is not Juice's: it exports no juice_abi_version.");
        int version = ((delegate* unmanaged[Cdecl]<int>)address)();
        if (version != AbiVersion)
            throw new JuiceException($"The native library speaks version {version} of the binary interface, this assembly version {AbiVersion}: they must match.");
    }
}
