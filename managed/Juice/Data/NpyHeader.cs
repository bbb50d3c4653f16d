using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Juice.Data;

/// <summary>The header of an NPY file, versions 1 and 2: a magic, a length, then a Python dictionary of type, order and shape.</summary>
internal static partial class NpyHeader
{
    // A header of three entries takes under 200 bytes; NumPy itself refuses to evaluate more than this without being told to.
    private const int LongestHeader = 10_000;

    public static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public static ArrayLayout Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[8];
        if (stream.ReadAtLeast(start, 8, throwOnEndOfStream: false) < 8) throw CutOff();
        int lengthBytes = start[6] switch
        {
            1 => 2,
            2 => 4,
            byte other => throw new InvalidDataException($"NPY version {other}.{start[7]} is not known; versions 1 and 2 are"),
        };
        Span<byte> lengthField = stackalloc byte[4];
        lengthField.Clear();
        if (stream.ReadAtLeast(lengthField[..lengthBytes], lengthBytes, throwOnEndOfStream: false) < lengthBytes) throw CutOff();
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(lengthField);
        if (length > LongestHeader) throw new InvalidDataException($"the NPY header claims {length} bytes; {LongestHeader} is the most that is read");

        byte[] header = new byte[length];
        if (stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length) throw CutOff();
        return Parse(Encoding.Latin1.GetString(header));
    }

    private static ArrayLayout Parse(string header)
    {
        Match type = TypePattern().Match(header), order = OrderPattern().Match(header), shape = ShapePattern().Match(header);
        if (!type.Success || !order.Success || !shape.Success)
            throw new InvalidDataException("the NPY header does not hold a plain 'descr', 'fortran_order' and 'shape'");
        if (order.Groups[1].Value == "True")
            throw new InvalidDataException("the array is in Fortran order; save it in C order (numpy.ascontiguousarray)");

        string[] axes = shape.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        long[] extents = new long[axes.Length];
        for (int i = 0; i < axes.Length; i++)
        {
            if (!long.TryParse(axes[i], NumberStyles.None, CultureInfo.InvariantCulture, out extents[i]))
                throw new InvalidDataException($"'{axes[i]}' is not the length of an axis");
        }
        string name = type.Groups[1].Value;
        return ArrayLayout.Of(ScalarOf(name), bigEndian: name[0] == '>', extents);
    }

    private static Scalar ScalarOf(string type) => type[1..] switch
    {
        "u1" or "b1" => Scalar.UInt8,
        "i1" => Scalar.Int8,
        "u2" => Scalar.UInt16,
        "i2" => Scalar.Int16,
        "u4" => Scalar.UInt32,
        "i4" => Scalar.Int32,
        "u8" => Scalar.UInt64,
        "i8" => Scalar.Int64,
        "f4" => Scalar.Single,
        "f8" => Scalar.Double,
        _ => throw new InvalidDataException($"arrays of type '{type}' are not read; booleans, integers, f4 and f8 are"),
    };

    private static InvalidDataException CutOff() => new("the NPY header is cut off");

    [GeneratedRegex(@"['""]descr['""]\s*:\s*['""]([<>|=]\w+)['""]")]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"['""]fortran_order['""]\s*:\s*(True|False)")]
    private static partial Regex OrderPattern();

    [GeneratedRegex(@"['""]shape['""]\s*:\s*\(([^()]*)\)")]
    private static partial Regex ShapePattern();
}
