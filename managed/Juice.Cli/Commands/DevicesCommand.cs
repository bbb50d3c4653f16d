using System.CommandLine;
using Juice.Cli.Options;
using Juice.Cli.Output;

namespace Juice.Cli.Commands;

/// <summary><c>juice devices</c>: what models can run on here.</summary>
internal static class DevicesCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<bool> json = Arguments.Json();
        ToolCommand command = new("devices", "List what models can run on here, and why not on the rest.") { Examples = ["juice devices"] };
        command.Add(json);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json)) WriteJson(terminal.Out);
            else Write(terminal.Out);
            return Tool.Success;
        });
        return command;
    }

    private static void Write(TextWriter output)
    {
        Facts facts = new();
        foreach (Device device in Device.All)
        {
            facts.Add(device.Name, device.IsAvailable
                ? $"{device.Description}, {device.Cores} {(device.Cores == 1 ? "core" : "cores")}, {Units.Bytes(device.Memory)}"
                : $"not available: {device.Reason}");
        }
        facts.Write(output);
    }

    private static void WriteJson(TextWriter output) => output.WriteLine(JsonText.Of(json =>
    {
        json.WriteStartArray();
        foreach (Device device in Device.All)
        {
            json.WriteStartObject();
            json.WriteString("name", device.Name);
            json.WriteBoolean("available", device.IsAvailable);
            json.WriteString("description", device.Description);
            if (device.Reason is not null) json.WriteString("reason", device.Reason);
            json.WriteNumber("memory_bytes", device.Memory);
            json.WriteNumber("cores", device.Cores);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }));
}
