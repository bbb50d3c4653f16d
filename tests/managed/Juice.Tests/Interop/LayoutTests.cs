using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Juice.Interop;

namespace Juice.Tests.Interop;

public class LayoutTests
{
    private static readonly Dictionary<string, Type> s_structs = new()
    {
        ["juice_device"] = typeof(NativeDevice),
        ["juice_machine"] = typeof(NativeMachine),
        ["juice_distribution"] = typeof(NativeDistribution),
        ["juice_vector"] = typeof(NativeVector),
        ["juice_circuit_description"] = typeof(NativeCircuitDescription),
        ["juice_circuit_info"] = typeof(NativeCircuitInfo),
        ["juice_tensor"] = typeof(NativeTensor),
        ["juice_rows"] = typeof(NativeRows),
        ["juice_tree_options"] = typeof(NativeTreeOptions),
        ["juice_hclt_options"] = typeof(NativeHcltOptions),
        ["juice_hmm_options"] = typeof(NativeHmmOptions),
        ["juice_rat_spn_options"] = typeof(NativeRatSpnOptions),
        ["juice_poon_domingos_options"] = typeof(NativePoonDomingosOptions),
        ["juice_compile_options"] = typeof(NativeCompileOptions),
        ["juice_model_info"] = typeof(NativeModelInfo),
        ["juice_sample_options"] = typeof(NativeSampleOptions),
        ["juice_rule"] = typeof(NativeRule),
        ["juice_optimizer"] = typeof(NativeOptimizer),
        ["juice_soft"] = typeof(NativeSoft),
        ["juice_epoch_options"] = typeof(NativeEpochOptions),
        ["juice_epoch_result"] = typeof(NativeEpochResult),
    };

    [Test]
    public void Every_struct_of_the_header_has_a_managed_twin()
    {
        Assert.That(NativeLayout().Select(entry => entry.Struct).Distinct(), Is.EquivalentTo(s_structs.Keys));
    }

    [TestCaseSource(nameof(StructNames))]
    public void A_managed_struct_has_the_fields_offsets_and_sizes_of_the_native_one(string name)
    {
        Type twin = s_structs[name];
        List<(string Field, long Offset, long Size)> managed = [("", 0, SizeOf(twin))];
        foreach (FieldInfo field in twin.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            managed.Add((field.Name, Marshal.OffsetOf(twin, field.Name).ToInt64(), SizeOf(field.FieldType)));

        var native = NativeLayout().Where(entry => entry.Struct == name).Select(entry => (Field: Pascal(entry.Field), entry.Offset, entry.Size));

        Assert.That(managed, Is.EqualTo(native));
    }

    private static IEnumerable<string> StructNames => s_structs.Keys;

    private static unsafe List<(string Struct, string Field, long Offset, long Size)> NativeLayout()
    {
        List<(string, string, long, long)> entries = [];
        for (int i = 0; NativeMethods.juice_layout(i, out byte* structName, out byte* field, out long offset, out long size) == Status.Ok; i++)
            entries.Add((NativeText.Read(structName), NativeText.Read(field), offset, size));
        return entries;
    }

    private static long SizeOf(Type type) => type.IsPointer || type.IsFunctionPointer ? nint.Size
        : (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static string Pascal(string name) =>
        string.Concat(name.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
