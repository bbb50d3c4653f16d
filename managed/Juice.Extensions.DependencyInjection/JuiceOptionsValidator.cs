using Microsoft.Extensions.Options;

namespace Juice.Extensions.DependencyInjection;

/// <summary>The rules of <see cref="JuiceOptions"/>, one sentence for the first that is broken.</summary>
internal sealed class JuiceOptionsValidator : IValidateOptions<JuiceOptions>
{
    // A task's delay, which the interval becomes, ends there.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(24), s_shortest = TimeSpan.FromMilliseconds(10);

    public ValidateOptionsResult Validate(string? name, JuiceOptions options)
    {
        string? fault = options.ReloadInterval < s_shortest || options.ReloadInterval > s_longest
            ? $"{JuiceOptions.SectionName}:ReloadInterval is {options.ReloadInterval}; it is between 10 ms and 24 days."
            : options.Models.Select(model => Fault(model.Key, model.Value)).FirstOrDefault(fault => fault is not null);
        return fault is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(fault);
    }

    private static string? Fault(string name, JuiceModelOptions model)
    {
        string section = $"{JuiceOptions.SectionName}:Models:{name}:";
        if (string.IsNullOrWhiteSpace(model.Path)) return $"{section}Path is empty; it names the model's file.";
        if (model.Threads < 0) return $"{section}Threads is {model.Threads}; it is at least 0, which stands for all cores.";
        if (model.MemoryLimit < 0) return $"{section}MemoryLimit is {model.MemoryLimit}; it is a number of bytes, 0 for no limit.";
        if (model.BatchSize < 1) return $"{section}BatchSize is {model.BatchSize}; it is at least 1.";
        if (!Enum.IsDefined(model.Precision)) return $"{section}Precision is {model.Precision}; it is {Precision.Exact} or {Precision.Fast}.";
        if (model.Device.Length == 0) return null;
        string[] devices = [.. Device.All.Select(device => device.Name)];
        return devices.Contains(model.Device) ? null : $"{section}Device is '{model.Device}'; there are: {string.Join(", ", devices)}.";
    }
}
