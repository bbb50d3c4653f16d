using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Juice.Cli.Training;

/// <summary>What a training ran on and took, for the model's metadata.</summary>
internal static class TrainingMachine
{
    public static JsonObject Describe(CompiledCircuit model, TimeSpan elapsed)
    {
        ModelInfo info = model.Info;
        Device device = Device.Named(info.Device);
        using Process process = Process.GetCurrentProcess();
        return new JsonObject
        {
            ["juice"] = JuiceVersion.Native,
            ["device"] = device.Name,
            ["description"] = device.Description,
            ["cores"] = device.Cores,
            ["memory_bytes"] = device.Memory,
            ["instruction_set"] = info.InstructionSet,
            ["threads"] = info.Threads,
            ["seconds"] = Math.Round(elapsed.TotalSeconds, 3),
            ["peak_memory_bytes"] = process.PeakWorkingSet64,
        };
    }
}
