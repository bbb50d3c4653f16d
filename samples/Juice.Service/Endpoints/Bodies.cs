using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Juice.Service.Json;

namespace Juice.Service.Endpoints;

/// <summary>Bodies of requests.</summary>
internal static class Bodies
{
    /// <exception cref="JsonException">The body is not what is asked for.</exception>
    /// <exception cref="BadHttpRequestException">It is too large, or it breaks off.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type) where T : class, IHasUnknownMembers
    {
        T body = await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted) ?? throw new BodyException("The body is null.");
        return body.Unknown is null ? body : throw new BodyException($"There is no member '{body.Unknown.Keys.First()}'; there are: {T.Members}.");
    }

    /// <summary>Rows that are there, and not too many.</summary>
    public static JsonRows Check(JsonRows? rows, string member, ServiceOptions options)
    {
        if (rows is null) throw new BodyException($"The member '{member}' is missing: an array of rows.");
        return rows.Count <= options.MaxRequestRows
            ? rows
            : throw new BodyException($"There are {rows.Count} rows; a request has at most {options.MaxRequestRows}.");
    }
}
