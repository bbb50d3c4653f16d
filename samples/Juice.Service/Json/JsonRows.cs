using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Juice.Service.Json;

/// <summary>Rows as they come in JSON, an array a row: numbers, and null for what is missing, which here is NaN.</summary>
[JsonConverter(typeof(Converter))]
internal sealed record JsonRows(ReadOnlyMemory<double> Values, int Count, int Variables)
{
    public Rows ToRows() => Rows.Of(Values, Variables);

    internal sealed class Converter : JsonConverter<JsonRows>
    {
        public override JsonRows Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray) throw new BodyException("Rows are an array of rows.");
            ArrayBufferWriter<double> values = new();
            int count = 0, variables = 0;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                int width = ReadRow(ref reader, values, count);
                if (count == 0) variables = width;
                else if (width != variables) throw new BodyException($"Row {count} has {width} entries, row 0 has {variables}.");
                count++;
            }
            return variables > 0 ? new(values.WrittenMemory, count, variables) : throw new BodyException("There are no rows, or they have no entries.");
        }

        public override void Write(Utf8JsonWriter writer, JsonRows value, JsonSerializerOptions options) => throw new NotSupportedException();

        private static int ReadRow(ref Utf8JsonReader reader, ArrayBufferWriter<double> values, int row)
        {
            if (reader.TokenType != JsonTokenType.StartArray) throw new BodyException($"Row {row} is no array.");
            int width = 0;
            for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; width++)
            {
                values.GetSpan(1)[0] = reader.TokenType switch
                {
                    JsonTokenType.Number => reader.GetDouble(),
                    JsonTokenType.Null => double.NaN,
                    _ => throw new BodyException($"Row {row}, column {width}: an entry is a number, or null where it is missing."),
                };
                values.Advance(1);
            }
            return width;
        }
    }
}

/// <summary>A body that is not what it should be, with a sentence of ours rather than the serializer's.</summary>
internal sealed class BodyException(string message) : JsonException(message);
