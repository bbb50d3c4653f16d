using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Juice.Data;

/// <summary>JSON of schemas: written plainly, read with sentences about what is wrong.</summary>
internal static class SchemaJson
{
    /// <summary>Letters of all languages as they are.</summary>
    public static JsonSerializerOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object; null where the text is none.</summary>
    public static JsonObject? Parse(string? text)
    {
        if (text is null) return null;
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static string Text(JsonObject from, string key) => Value<string>(from[key], key);

    public static double Number(JsonObject from, string key) => Value<double>(from[key], key);

    public static int Whole(JsonObject from, string key) => Value<int>(from[key], key);

    public static string[] Texts(JsonObject from, string key) => [.. Items(from, key).Select(item => Value<string>(item, key))];

    public static double[] Numbers(JsonObject from, string key) => [.. Items(from, key).Select(item => Value<double>(item, key))];

    public static IEnumerable<JsonNode?> Items(JsonObject from, string key) => from[key] as JsonArray ?? throw Damaged(key);

    public static JsonArray Array(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)JsonValue.Create(text))];

    public static JsonArray Array(IEnumerable<double> numbers) => [.. numbers.Select(number => (JsonNode)JsonValue.Create(number))];

    public static InvalidDataException Damaged(string key) => new($"The schema in the metadata is damaged: '{key}' is not there, or not what it should be.");

    private static T Value<T>(JsonNode? node, string key) => node is JsonValue value && value.TryGetValue(out T? found) ? found : throw Damaged(key);
}
