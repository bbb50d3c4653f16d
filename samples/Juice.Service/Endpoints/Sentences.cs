using System.Text.Json;
using Juice.Service.Batching;
using Juice.Service.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Juice.Service.Endpoints;

/// <summary>The one place where exceptions of endpoints end: as problem details with the library's sentence.</summary>
internal sealed class Sentences : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return TypedResults.Empty; // nobody is there to be answered
        }
        catch (Exception e) when (StatusOf(e) is int status)
        {
            return status == StatusCodes.Status503ServiceUnavailable
                ? NotNow(context.HttpContext, SentenceOf(e))
                : TypedResults.Problem(SentenceOf(e), statusCode: status);
        }
    }

    /// <summary>Not now, but perhaps in a second.</summary>
    public static ProblemHttpResult NotNow(HttpContext context, string sentence)
    {
        context.Response.Headers.RetryAfter = "1";
        return TypedResults.Problem(sentence, statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static int? StatusOf(Exception exception) => exception switch
    {
        KeyNotFoundException => StatusCodes.Status404NotFound,
        BadHttpRequestException bad => bad.StatusCode,
        JsonException or ArgumentException => StatusCodes.Status400BadRequest,
        OverloadedException or JuiceException => StatusCodes.Status503ServiceUnavailable,
        _ => null,
    };

    private static string SentenceOf(Exception exception) => exception switch
    {
        // A parameter's name means nothing to who sent the request.
        ArgumentException { ParamName: string name } => exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal),
        JsonException and not BodyException => $"The body is not the JSON that is asked for: {exception.Message}",
        _ => exception.Message,
    };
}
