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
            () => NativeLoader.Load("juice_absent", s_assembly, searchPath: null, folder.File("named"), folder.Path))!;

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

        JuiceException exception = Assert.Throws<JuiceException>(() => NativeLoader.Load("juice_absent", s_assembly, searchPath: null, file, folder.Path))!;

        Assert.That(exception.Message, Does.Contain($"{file}: ").And.Not.Contain($"{file}: no such file"));
    }

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
