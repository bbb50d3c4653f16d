using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Juice.Interop;

namespace Juice.Tests.Interop;

public partial class ImportTests
{
    private static IEnumerable<string> Imports =>
        typeof(NativeMethods).GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Select(method => method.Name)
            .Where(name => name.StartsWith("juice_", StringComparison.Ordinal))
            .Distinct();

    private static IEnumerable<string> Exports =>
        Export().Matches(File.ReadAllText(Repository.PathTo("native", "include", "juice", "juice.h"))).Select(match => match.Groups[1].Value);

    [TestCaseSource(nameof(Imports))]
    public void Every_import_is_exported_by_the_native_library(string import)
    {
        nint library = NativeLoader.Resolve(NativeLoader.LibraryName, typeof(NativeMethods).Assembly, searchPath: null);

        Assert.That(NativeLibrary.TryGetExport(library, import, out _), Is.True);
    }

    [Test]
    public void Every_function_of_the_header_is_imported_and_nothing_else()
    {
        Assert.That(Exports.Count(), Is.GreaterThan(40));
        Assert.That(Imports, Is.EquivalentTo(Exports));
    }

    [GeneratedRegex(@"^JUICE_API\s[^;()]*?\b(juice_\w+)\s*\(", RegexOptions.Multiline)]
    private static partial Regex Export();
}
