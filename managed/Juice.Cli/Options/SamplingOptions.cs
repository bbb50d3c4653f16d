using System.CommandLine;

namespace Juice.Cli.Options;

/// <summary>How samples are drawn, as the command line says it.</summary>
/// <param name="ofWhat">What the temperature changes, where that is not all that is drawn.</param>
internal sealed class SamplingOptions(string ofWhat = "")
{
    private readonly Option<ulong> _seed = OptionValues.Whole<ulong>(
        "--seed", "Draws the samples. One seed, one picture.", minimum: 0, defaultValue: 0);

    private readonly Option<double> _temperature = OptionValues.Positive(
        "--temperature",
        ofWhat + "1 draws from the model's distribution, exactly; lower draws likelier values only, higher more varied ones.",
        defaultValue: 1);

    public void AddTo(Command command)
    {
        command.Add(_seed);
        command.Add(_temperature);
    }

    public SampleOptions Options(ParseResult parsed) => new() { Seed = parsed.GetValue(_seed), Temperature = parsed.GetValue(_temperature) };
}
