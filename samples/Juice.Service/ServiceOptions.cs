using Microsoft.Extensions.Options;

namespace Juice.Service;

/// <summary>The configuration section <c>Service</c>: how much the service takes on.</summary>
internal sealed class ServiceOptions
{
    public const string SectionName = "Service";

    /// <summary>Rows that one native call answers at most; 1 for a call a request. A request of more rows is a call of its own.</summary>
    public int MaxBatchRows { get; set; } = 256;

    /// <summary>
    /// How long a batch that is not full waits for more requests. 0, the default: not at all, for while calls are under way what arrives gathers
    /// anyway.
    /// </summary>
    public TimeSpan MaxWait { get; set; }

    /// <summary>Calls at a time for one model, and for samples of all models; 0, the default: one a processor core.</summary>
    public int Workers { get; set; }

    public int WorkerCount => Workers == 0 ? Environment.ProcessorCount : Workers;

    /// <summary>Rows that wait for one model at most. What comes beyond is turned away with status 503.</summary>
    public int MaxQueuedRows { get; set; } = 4096;

    /// <summary>Rows of one request at most.</summary>
    public int MaxRequestRows { get; set; } = 1024;

    /// <summary>Samples of one request at most: rows of evidence times samples a row.</summary>
    public int MaxRequestSamples { get; set; } = 10_000;

    /// <summary>Requests for samples that wait at most, while one a worker is drawn. What comes beyond is turned away with status 503.</summary>
    public int MaxQueuedSampleRequests { get; set; } = 64;

    /// <summary>Bytes of one request's body at most.</summary>
    public long MaxRequestBytes { get; set; } = 8 << 20;

    /// <summary>Whether every figure is within its bounds, in one sentence for the first that is not.</summary>
    internal sealed class Validator : IValidateOptions<ServiceOptions>
    {
        public ValidateOptionsResult Validate(string? name, ServiceOptions options)
        {
            string? fault =
                options.MaxBatchRows < 1 ? $"{SectionName}:MaxBatchRows is {options.MaxBatchRows}; it is at least 1."
                : options.MaxWait < TimeSpan.Zero || options.MaxWait > TimeSpan.FromSeconds(10)
                    ? $"{SectionName}:MaxWait is {options.MaxWait}; it is between 0 and 10 seconds."
                : options.Workers < 0 ? $"{SectionName}:Workers is {options.Workers}; it is at least 0, which stands for one a processor core."
                : options.MaxRequestRows < 1 ? $"{SectionName}:MaxRequestRows is {options.MaxRequestRows}; it is at least 1."
                : options.MaxQueuedRows < options.MaxRequestRows
                    ? $"{SectionName}:MaxQueuedRows is {options.MaxQueuedRows}; it is at least MaxRequestRows, {options.MaxRequestRows}."
                : options.MaxRequestSamples < 1 ? $"{SectionName}:MaxRequestSamples is {options.MaxRequestSamples}; it is at least 1."
                : options.MaxQueuedSampleRequests < 0
                    ? $"{SectionName}:MaxQueuedSampleRequests is {options.MaxQueuedSampleRequests}; it is at least 0."
                : options.MaxRequestBytes < 1 ? $"{SectionName}:MaxRequestBytes is {options.MaxRequestBytes}; it is at least 1."
                : null;
            return fault is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(fault);
        }
    }
}
