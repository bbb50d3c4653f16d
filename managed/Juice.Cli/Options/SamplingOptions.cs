using System.CommandLine;
using System.Globalization;

namespace Juice.Cli.Options;

/// <summary>How samples are drawn, as the command line says it.</summary>
/// <param name="ofWhat">What the temperature changes, where that is not all that is drawn.</param>
internal sealed class SamplingOptions(string ofWhat = "")
{
    private readonly Option<ulong> _seed = OptionValues.Whole<ulong>(
        "--seed", "Draws the samples. One seed, one picture.", minimum: 0, defaultValue: 0);

    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = ofWhat + "1 draws from the model's distribution, exactly; lower draws likelier values only, higher more varied ones.",
        HelpName = "T",
        DefaultValueFactory = _ => 1,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
            if (isNumber && value > 0 && double.IsFinite(value)) return value;
            result.AddError($"--temperature takes a number above 0, not '{text}'.");
            return 0;
        },
    };

    public void AddTo(Command command)
    {
        command.Add(_seed);
        command.Add(_temperature);
    }

    public SampleOptions Options(ParseResult parsed) => new() { Seed = parsed.GetValue(_seed), Temperature = parsed.GetValue(_temperature) };
}
