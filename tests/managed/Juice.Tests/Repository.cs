using System.Runtime.CompilerServices;

namespace Juice.Tests;

/// <summary>The source tree that the tests were compiled from.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath("../../..", Path.GetDirectoryName(ThisFile())!);

    public static string PathTo(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
