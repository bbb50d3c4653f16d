using System.CommandLine;
using Juice.Cli.Options;
using Juice.Cli.Output;

namespace Juice.Cli.Commands;

/// <summary><c>juice inspect</c>: what a model file holds, and what it takes to train it.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> model = Arguments.Model();
        Option<int> batchSize = OptionValues.Whole("--batch-size", "The training batch to plan for.", minimum: 1, defaultValue: 256);
        Option<bool> vectors = new("--vectors") { Description = "List every node vector, too." };
        Option<bool> plan = new("--plan") { Description = "Print the whole plan, too: stages, operations, shapes." };
        Option<bool> json = Arguments.Json();
        Option<ulong?> seed = new("--seed") { Description = "Draw the parameters that the model lacks from this seed.", HelpName = "N" };
        ModelOptions modelOptions = new();
        ToolCommand command = new("inspect",
            "Print what a model holds (variables, vectors, nodes, edges, parameters, depth, metadata), its plan and its memory for a batch.")
        {
            Examples = ["juice inspect m.juice", "juice inspect m.juice --batch-size 512 --memory-limit 2G", "juice inspect m.juice --json"],
        };
        command.Add(model);
        command.Add(batchSize);
        command.Add(vectors);
        command.Add(plan);
        modelOptions.AddTo(command);
        command.Add(seed);
        command.Add(json);
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(model);
            using Circuit circuit = Circuit.Load(path, parsed.GetValue(seed));
            using CompiledCircuit compiled = modelOptions.Compile(circuit, parsed, parsed.GetValue(batchSize));
            Inspection inspection = new(path, circuit, compiled, parsed.GetValue(vectors), parsed.GetValue(plan));
            if (parsed.GetValue(json)) inspection.WriteJson(terminal.Out);
            else inspection.Write(terminal.Out);
            return Tool.Success;
        });
        return command;
    }
}
