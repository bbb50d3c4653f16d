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
        string? variable = Environment.GetEnvironmentVariable(PathVariable);
        nint library = Load(name, assembly, searchPath, variable, AppContext.BaseDirectory, out string place);
        CheckVersion(library, place);
        return library;
    }

    /// <summary>The places to look, in order: the variable's, beside the application, its runtimes folder.</summary>
    public static IEnumerable<string> Candidates(string name, string? variable, string baseDirectory)
    {
        string file = FileName(name);
        if (!string.IsNullOrEmpty(variable)) yield return File.Exists(variable) ? variable : Path.Combine(variable, file);
        yield return Path.Combine(baseDirectory, file);
        yield return Path.Combine(baseDirectory, "runtimes", Platform, "native", file);
    }

    /// <summary>Loads the library from the first place that has it, or throws with a list of all that were tried.</summary>
    public static nint Load(
        string name, Assembly assembly, DllImportSearchPath? searchPath, string? variable, string baseDirectory, out string place)
    {
        List<string> tried = [];
        foreach (string path in Candidates(name, variable, baseDirectory))
        {
            if (TryLoad(path, out nint library, out string? failure))
            {
                place = path;
                return library;
            }
            tried.Add($"{path}: {failure}");
        }
        place = FileName(name);
        if (NativeLibrary.TryLoad(place, assembly, searchPath, out nint found)) return found;
        tried.Add($"the system's default search for '{place}': not found");
        throw new JuiceException($"""
            The native library {FileName(name)} could not be loaded. Tried, in this order:
            {string.Join(Environment.NewLine, tried.Select(line => "  " + line))}
            {Advice(name, baseDirectory)}
            """);
    }

    /// <summary>What is wrong with a library that speaks another version of the binary interface.</summary>
    public static string OtherVersion(string place, string version, int abiVersion) =>
        $"{place} is of Juice {version} and speaks version {abiVersion} of the binary interface, Juice.dll is of Juice {OwnVersion} and speaks " +
        $"version {AbiVersion}: refer to Juice and Juice.Native in one version, or set {PathVariable} to the directory of the library that fits.";

    private static string OwnVersion => typeof(NativeLoader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    // "libjuice" on Windows, too: beside the managed Juice.dll there can be no juice.dll, and a search for one would find it.
    private static string FileName(string name) => OperatingSystem.IsWindows() ? $"lib{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    /// <summary>The folder of the packages' runtimes that is this process's: "linux-x64".</summary>
    private static string Platform
    {
        get
        {
            string runtime = RuntimeInformation.RuntimeIdentifier;
            string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
            if (runtime.Contains("musl", StringComparison.Ordinal) || runtime.StartsWith("alpine", StringComparison.Ordinal)) system = "linux-musl";
            string architecture = RuntimeInformation.ProcessArchitecture switch
            {
                Architecture.X64 => "x64",
                Architecture.Arm64 => "arm64",
                _ => runtime[(runtime.LastIndexOf('-') + 1)..],
            };
            return $"{system}-{architecture}";
        }
    }

    /// <summary>What to do about it: on a platform that the packages have nothing for, another one.</summary>
    private static string Advice(string name, string baseDirectory)
    {
        string runtimes = Path.Combine(baseDirectory, "runtimes");
        string[] others = !Directory.Exists(runtimes) ? [] : [.. Directory.EnumerateDirectories(runtimes)
            .Where(folder => Directory.EnumerateFiles(folder, $"lib{name}.*", SearchOption.AllDirectories).Any())
            .Select(folder => Path.GetFileName(folder))
            .Order(StringComparer.Ordinal)];
        string missing = others.Length == 0 || others.Contains(Platform)
            ? "Refer to the package Juice.Native"
            : $"Its package has it for {string.Join(", ", others)}, this process is {Platform}: build it here";
        return $"{missing}, or set {PathVariable} to the directory that holds it.";
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

    private static unsafe void CheckVersion(nint library, string place)
    {
        if (!NativeLibrary.TryGetExport(library, "juice_abi_version", out nint abiVersion))
            throw new JuiceException($"{place} is not Juice's: it exports no juice_abi_version.");
        int version = ((delegate* unmanaged[Cdecl]<int>)abiVersion)();
        if (version == AbiVersion) return;
        string? name = NativeLibrary.TryGetExport(library, "juice_version", out nint address)
            ? Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)address)())
            : null;
        throw new JuiceException(OtherVersion(place, name ?? "an unknown version", version));
    }
}
