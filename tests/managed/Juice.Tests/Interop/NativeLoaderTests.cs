using System.Reflection;
using Juice.Interop;

namespace Juice.Tests.Interop;

public class NativeLoaderTests
{
    private static readonly Assembly s_assembly = typeof(NativeLoader).Assembly;

    [Test]
    public void A_library_that_is_nowhere_is_reported_with_every_place_tried()
    {
        using TemporaryFolder folder = new();
        string[] places = [.. NativeLoader.Candidates("juice_absent", folder.File("named"), folder.Path)];

        JuiceException exception = Assert.Throws<JuiceException>(
            () => NativeLoader.Load("juice_absent", s_assembly, searchPath: null, folder.File("named"), folder.Path, out _))!;

        Assert.That(places, Has.Length.EqualTo(3));
        foreach (string place in places) Assert.That(exception.Message, Does.Contain(place));
        Assert.That(exception.Message, Does.Contain("default search").And.Contain("JUICE_NATIVE_PATH"));
    }

    [Test]
    public void The_variable_names_a_directory_or_the_file_itself()
    {
        using TemporaryFolder folder = new();
        string file = folder.File("libother.so");
        File.WriteAllBytes(file, []);

        Assert.That(NativeLoader.Candidates("juice", file, folder.Path).First(), Is.EqualTo(file));
        Assert.That(Path.GetDirectoryName(NativeLoader.Candidates("juice", folder.Path, "/").First()), Is.EqualTo(folder.Path));
    }

    [Test]
    public void A_file_that_is_no_library_is_reported_with_the_loader_s_reason()
    {
        using TemporaryFolder folder = new();
        string file = folder.File("libbroken.so");
        File.WriteAllText(file, "this is no library");

        JuiceException exception = Assert.Throws<JuiceException>(
            () => NativeLoader.Load("juice_absent", s_assembly, searchPath: null, file, folder.Path, out _))!;

        Assert.That(exception.Message, Does.Contain($"{file}: ").And.Not.Contain($"{file}: no such file"));
    }

    [Test]
    public void On_a_platform_without_a_library_the_platforms_that_have_one_are_named()
    {
        using TemporaryFolder folder = new();
        foreach (string platform in new[] { "win-x64", "plan9-mips" })
        {
            string native = Path.Combine(folder.Path, "runtimes", platform, "native");
            Directory.CreateDirectory(native);
            File.WriteAllBytes(Path.Combine(native, "libjuice_absent.so"), []);
        }

        JuiceException exception = Assert.Throws<JuiceException>(
            () => NativeLoader.Load("juice_absent", s_assembly, searchPath: null, variable: null, folder.Path, out _))!;

        Assert.That(exception.Message, Does.Contain("Its package has it for plan9-mips, win-x64, this process is "));
    }

    [Test]
    public void A_library_of_another_version_is_named_with_both_versions() =>
        Assert.That(NativeLoader.OtherVersion("/lib/libjuice.so", "9.8.7", 99), Does.StartWith("/lib/libjuice.so is of Juice 9.8.7 and speaks version 99")
            .And.Contain($"Juice.dll is of Juice {JuiceVersion.Native}").And.Contain($"version {NativeLoader.AbiVersion}:"));

    [Test]
    public void Another_name_than_ours_is_left_to_the_runtime() =>
        Assert.That(NativeLoader.Resolve("sqlite3", s_assembly, searchPath: null), Is.EqualTo((nint)0));

    [Test]
    public void The_native_library_speaks_our_version_of_the_interface()
    {
        Assert.That(NativeMethods.juice_abi_version(), Is.EqualTo(NativeLoader.AbiVersion));
        Assert.That(JuiceVersion.Native, Does.Match(@"^\d+\.\d+\.\d+"));
    }
}
