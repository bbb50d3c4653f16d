using System.CommandLine;
using Juice.Cli.Output;

namespace Juice.Cli.Options;

/// <summary>Where a training leaves its state, and whether it goes on from there, as the command line says it.</summary>
internal sealed class CheckpointOptions
{
    public const string Ending = ".checkpoint.juice";

    private const string None = "none";

    private readonly Option<string> _file = new("--checkpoint")
    {
        Description = "A model file that gets the state of the training on its way, replaced as a whole, for --resume; or none. "
            + $"Default: the output's name with {Ending}, which is removed once the output is written. "
            + "If it cannot be written, the training goes on and keeps the one before.",
        HelpName = "FILE|none",
    };

    private readonly Option<int> _every = OptionValues.Whole("--checkpoint-every", "Epochs from one checkpoint to the next.", minimum: 1, defaultValue: 1);

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on with an interrupted training from its checkpoint: to be added to the same command. It ends with the same bits as if it "
            + "had not been interrupted. Another number of --epochs goes with a constant --step-size only; any other change is refused. "
            + "A --log is appended to.",
    };

    public void AddTo(Command command)
    {
        command.Add(_file);
        command.Add(_every);
        command.Add(_resume);
    }

    public int Every(ParseResult parsed) => parsed.GetValue(_every);

    /// <summary>What to do about checkpoints, found possible before the work.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model to go on with; null for a new one.</param>
    /// <param name="output">The model to write.</param>
    public CheckpointPlan Plan(ParseResult parsed, string? model, string output)
    {
        string? given = parsed.GetValue(_file);
        bool resume = parsed.GetValue(_resume);
        if (given == None)
        {
            if (resume) throw new UsageException("--resume needs a checkpoint; --checkpoint none has none.");
            return new(null, IsUsual: false, Resume: false);
        }
        string path = given ?? Path.ChangeExtension(output, null) + Ending;
        OutputFile.Check(path, ".juice");
        foreach (string? other in new[] { model, output })
        {
            if (other is not null && Path.GetFullPath(other) == Path.GetFullPath(path))
                throw new UsageException($"The checkpoint would take the place of '{other}'; name another with --checkpoint.");
        }
        if (resume && !File.Exists(path)) throw new FileNotFoundException($"There is no checkpoint '{path}' to resume.");
        if (!resume && given is null && File.Exists(path))
        {
            throw new IOException(
                $"'{path}' is the checkpoint of an interrupted training: go on with --resume, or delete it, or name another with --checkpoint");
        }
        return new(path, IsUsual: given is null, resume);
    }
}

/// <summary>What a training does about checkpoints.</summary>
/// <param name="Path">The file; null for none.</param>
/// <param name="IsUsual">Whether nobody named the file: then it goes when the model is there.</param>
/// <param name="Resume">Whether to go on from it.</param>
internal sealed record CheckpointPlan(string? Path, bool IsUsual, bool Resume)
{
    public void RemoveUsual()
    {
        if (IsUsual && Path is not null) File.Delete(Path);
    }
}
