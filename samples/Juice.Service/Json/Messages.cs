using System.Text.Json;
using System.Text.Json.Serialization;

namespace Juice.Service.Json;

/// <summary>The body of a request for log-likelihoods.</summary>
internal sealed record LogLikelihoodRequest(JsonRows? Rows) : IHasUnknownMembers
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public static string Members => "rows";
}

/// <summary>The log-likelihoods in nats, a value a row and root, row-major; an impossible row's is "-Infinity".</summary>
internal sealed record LogLikelihoodResponse(string Model, int Generation, int Roots, double[] LogLikelihood);

/// <summary>The body of a request for samples.</summary>
/// <param name="Evidence">What is given, and null for what is to be drawn; left out: one row of which everything is to be drawn.</param>
/// <param name="Seed">The seed; left out: one that is drawn, and told in the response.</param>
/// <param name="Samples">Samples a row of evidence; left out: 1.</param>
/// <param name="Temperature">As in <see cref="SampleOptions.Temperature"/>; left out: 1, exact samples.</param>
internal sealed record SampleRequest(JsonRows? Evidence, ulong? Seed, int? Samples, double? Temperature) : IHasUnknownMembers
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public static string Members => "evidence, seed, samples, temperature";
}

/// <summary>The samples, <c>[row of evidence][sample][variable]</c>, and the seed that draws them again.</summary>
internal sealed record SampleResponse(string Model, int Generation, ulong Seed, double[][][] Samples);

/// <summary>A model as it stands; what is known only of a loaded one is null where it is not.</summary>
internal sealed record ModelResponse(
    string Name,
    string State,
    int Generation,
    DateTimeOffset? LoadedAt,
    string? Error,
    int? Variables,
    int? Roots,
    string? Device,
    string? InstructionSet,
    int? Threads,
    long? ParameterBytes);

/// <summary>A request whose members that nobody knows are an error: a misspelt one must not be taken for one left out.</summary>
internal interface IHasUnknownMembers
{
    /// <summary>The members that were in the body and mean nothing.</summary>
    Dictionary<string, JsonElement>? Unknown { get; }

    /// <summary>The names that do mean something.</summary>
    static abstract string Members { get; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(LogLikelihoodRequest))]
[JsonSerializable(typeof(LogLikelihoodResponse))]
[JsonSerializable(typeof(SampleRequest))]
[JsonSerializable(typeof(SampleResponse))]
[JsonSerializable(typeof(ModelResponse))]
[JsonSerializable(typeof(ModelResponse[]))]
internal sealed partial class ServiceJson : JsonSerializerContext;
