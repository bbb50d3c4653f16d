using System.CommandLine;
using System.Text;
using Juice.Cli.Output;

namespace Juice.Cli.Commands;

/// <summary><c>juice convert</c>: a model file to readable JSON, and back.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        Argument<string> input = new("IN") { Description = "The model to read: .juice or .json." };
        Argument<string> output = new("OUT") { Description = "The file to write: .json or .juice." };
        Option<ulong?> seed = new("--seed")
        {
            Description = "Draw the parameters that the model lacks from this seed. Without it, a model that lacks some is an error.",
            HelpName = "N",
        };
        ToolCommand command = new(
            "convert", "Turn a model file into readable JSON, with all parameters written out, or back. Nothing is lost on the way.")
        {
            Examples = ["juice convert m.juice m.json", "juice convert m.json m.juice"],
        };
        command.Add(input);
        command.Add(output);
        command.Add(seed);
        command.SetAction(parsed =>
        {
            string from = parsed.GetRequiredValue(input), to = parsed.GetRequiredValue(output);
            (bool fromJson, bool toJson) = (IsJson(from), IsJson(to));
            OutputFile.Check(to, ".json", ".juice");
            using Circuit circuit = fromJson ? ReadJson(from, parsed.GetValue(seed)) : Circuit.Load(from, parsed.GetValue(seed));
            if (toJson) OutputFile.Write(to, stream => stream.Write(Encoding.UTF8.GetBytes(circuit.ToJson())));
            else circuit.Save(to);
            return Tool.Success;
        });
        return command;
    }

    private static bool IsJson(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" => true,
        ".juice" => false,
        _ => throw new UsageException($"'{path}' should end in .juice or .json, which says what it is."),
    };

    private static Circuit ReadJson(string path, ulong? seed)
    {
        string json;
        try
        {
            json = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"There is no file '{path}'.", path, e);
        }
        try
        {
            return Circuit.FromJson(json, seed);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}
