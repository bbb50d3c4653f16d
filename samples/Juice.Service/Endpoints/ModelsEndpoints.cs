using Juice.Extensions.DependencyInjection;
using Juice.Service.Batching;
using Juice.Service.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Juice.Service.Endpoints;

/// <summary>Everything under /models.</summary>
internal static class ModelsEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder models = routes.MapGroup("/models");
        models.AddEndpointFilter<Sentences>();
        models.MapGet("/", All);
        models.MapGet("/{name}", One);
        models.MapPost("/{name}/log-likelihood", LogLikelihood);
        models.MapPost("/{name}/sample", SampleEndpoint.Handle).RequireRateLimiting(SampleEndpoint.Limit);
    }

    private static JsonHttpResult<ModelResponse[]> All(IJuiceModels models) =>
        TypedResults.Json(models.All.Select(Describe).ToArray(), ServiceJson.Default.ModelResponseArray);

    private static JsonHttpResult<ModelResponse> One(string name, IJuiceModels models) =>
        TypedResults.Json(Describe(models[name]), ServiceJson.Default.ModelResponse);

    private static async Task<JsonHttpResult<LogLikelihoodResponse>> LogLikelihood(
        string name, HttpContext context, IJuiceModels models, Batchers batchers, IOptions<ServiceOptions> options)
    {
        IJuiceModel model = models[name];
        LogLikelihoodRequest request = await Bodies.ReadAsync(context, ServiceJson.Default.LogLikelihoodRequest);
        JsonRows rows = Bodies.Check(request.Rows, "rows", options.Value);
        Answer answer = await batchers[model].AskAsync(rows, context.RequestAborted);
        LogLikelihoodResponse response = new(model.Name, answer.Generation, answer.Roots, answer.LogLikelihood);
        return TypedResults.Json(response, ServiceJson.Default.LogLikelihoodResponse);
    }

    private static ModelResponse Describe(IJuiceModel model)
    {
        JuiceModelStatus status = model.Status;
        ModelResponse response = new(
            model.Name, status.State.ToString(), status.Generation, status.LoadedAt, status.Error, null, null, null, null, null, null);
        if (status.Generation == 0) return response;
        using ModelLease lease = model.Acquire();
        ModelInfo info = lease.Model.Info;
        return response with
        {
            Variables = info.Variables,
            Roots = info.Roots,
            Device = info.Device,
            InstructionSet = info.InstructionSet,
            Threads = info.Threads,
            ParameterBytes = info.ParameterBytes,
        };
    }
}
