using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Juice.Cli.Output;

/// <summary>JSON as the tool writes it: indented, and null where a number is not finite, for which JSON has no word.</summary>
internal static class JsonText
{
    public static string Of(Action<Utf8JsonWriter> write, bool indented = true)
    {
        JsonWriterOptions options = new() { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, options)) write(writer);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    public static void Finite(this Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumber(name, value);
        else writer.WriteNull(name);
    }

    public static void FiniteValue(this Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteNullValue();
    }
}
