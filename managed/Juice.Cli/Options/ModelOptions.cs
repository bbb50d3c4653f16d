using System.CommandLine;

namespace Juice.Cli.Options;

/// <summary>What a model runs on: options of every command that computes.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string> _device = new("--device")
    {
        Description = "What to compute on: cpu, cuda, …; 'juice devices' lists the names.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<string> _precision = new("--precision")
    {
        Description = "Digits of matrix products: exact, float32; or fast, bf16 where a graphics card gains by it. The processor is exact either way.",
        HelpName = "exact|fast",
        DefaultValueFactory = _ => "exact",
    };

    private readonly Option<int> _threads = OptionValues.Whole(
        "--threads", "Processor threads; 0 is all cores. The results do not depend on it.", minimum: 0, defaultValue: 0);

    private readonly Option<long> _memoryLimit = OptionValues.Bytes(
        "--memory-limit",
        "Memory for parameters, flows and values, such as 2G; larger batches are split up. Default: JUICE_MEMORY_LIMIT, else no limit.");

    public ModelOptions() => _precision.AcceptOnlyFromAmong("exact", "fast");

    public void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_precision);
        command.Add(_threads);
        command.Add(_memoryLimit);
    }

    public Device Device(ParseResult parsed)
    {
        string name = parsed.GetRequiredValue(_device);
        Device device;
        try
        {
            device = Juice.Device.Named(name);
        }
        catch (ArgumentException)
        {
            throw new UsageException($"There is no device '{name}'; there are: {string.Join(", ", Juice.Device.All.Select(known => known.Name))}.");
        }
        return device.IsAvailable ? device : throw new UsageException($"The device '{device.Name}' is not available: {device.Reason}.");
    }

    public Precision Precision(ParseResult parsed) => parsed.GetValue(_precision) == "fast" ? Juice.Precision.Fast : Juice.Precision.Exact;

    public int Threads(ParseResult parsed) => parsed.GetValue(_threads);

    public CompiledCircuit Compile(Circuit circuit, ParseResult parsed, int batchSize = 256) => circuit.Compile(Device(parsed), CompileOptions(parsed, batchSize));

    public CompileOptions CompileOptions(ParseResult parsed, int batchSize) =>
        new() { Threads = Threads(parsed), MemoryLimit = parsed.GetValue(_memoryLimit), BatchSize = batchSize, Precision = Precision(parsed) };
}
