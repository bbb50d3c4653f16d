using System.Buffers.Binary;
using System.Security.Cryptography;
using Juice.Extensions.DependencyInjection;
using Juice.Service.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Juice.Service.Endpoints;

/// <summary>
/// POST /models/NAME/sample. A call a request: samples are numbered within a call, so rows of several requests in one call would be other samples
/// than those of direct calls. As many calls at a time as there are workers; some more wait.
/// </summary>
internal static class SampleEndpoint
{
    public const string Limit = "samples";

    public static void Configure(RateLimiterOptions limits, ServiceOptions options)
    {
        limits.AddConcurrencyLimiter(Limit, limiter => (limiter.PermitLimit, limiter.QueueLimit) = (options.WorkerCount, options.MaxQueuedSampleRequests));
        limits.OnRejected = (context, _) => new(Sentences.NotNow(
            context.HttpContext, $"{options.MaxQueuedSampleRequests} requests for samples wait already.").ExecuteAsync(context.HttpContext));
    }

    public static async Task<JsonHttpResult<SampleResponse>> Handle(string name, HttpContext context, IJuiceModels models, IOptions<ServiceOptions> options)
    {
        IJuiceModel model = models[name];
        SampleRequest request = await Bodies.ReadAsync(context, ServiceJson.Default.SampleRequest);
        int perRow = request.Samples ?? 1, rows = request.Evidence is null ? 1 : Bodies.Check(request.Evidence, "evidence", options.Value).Count;
        if (perRow < 1) throw new BodyException($"There are to be {perRow} samples; at least 1 is needed.");
        if ((long)perRow * rows > options.Value.MaxRequestSamples)
            throw new BodyException($"{perRow} samples of {rows} rows are too many; a request has at most {options.Value.MaxRequestSamples}.");

        ulong seed = request.Seed ?? BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))) >> 12; // whole in a double
        using ModelLease lease = model.Acquire();
        SampleOptions how = new() { Seed = seed, SamplesPerRow = perRow, Temperature = request.Temperature ?? 1 };
        Rows evidence = request.Evidence?.ToRows() ?? Rows.Of(NothingGiven(lease.Model.Variables), lease.Model.Variables);
        Rows samples = lease.Model.Sample(evidence, how, context.RequestAborted);
        return TypedResults.Json(new SampleResponse(model.Name, lease.Generation, seed, Shape(samples, rows, perRow)), ServiceJson.Default.SampleResponse);
    }

    private static double[] NothingGiven(int variables)
    {
        double[] row = new double[variables];
        row.AsSpan().Fill(double.NaN);
        return row;
    }

    private static double[][][] Shape(Rows samples, int rows, int perRow)
    {
        double[][][] shaped = new double[rows][][];
        for (int row = 0; row < rows; row++)
        {
            shaped[row] = new double[perRow][];
            for (int sample = 0; sample < perRow; sample++)
                samples.CopyTo((long)row * perRow + sample, shaped[row][sample] = new double[samples.Variables]);
        }
        return shaped;
    }
}
