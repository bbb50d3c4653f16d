using System.CommandLine;
using Juice.Cli.Output;
using Juice.Cli.Pictures;

namespace Juice.Cli.Options;

/// <summary><c>--shape</c>: how the variables of a row lie in an image.</summary>
internal static class ShapeOption
{
    public static Option<ImageShape> Create(bool required, string why) => new("--shape")
    {
        Description = $"{why}: {ImageShape.Forms}.",
        HelpName = "SHAPE",
        Required = required,
        CustomParser = result =>
        {
            try
            {
                return ImageShape.Parse(result.Tokens[0].Value);
            }
            catch (FormatException e)
            {
                result.AddError($"--shape: {e.Message}");
                return null;
            }
        },
    };

    /// <summary>Finds out before the work that a model's variables are no such images.</summary>
    public static void CheckFits(ImageShape shape, Circuit circuit, string model)
    {
        if (shape.Variables != circuit.Variables)
        {
            throw new UsageException(
                $"images of {shape} have {Units.Count(shape.Variables, "variable")}, {model} has {Units.Count(circuit.Variables)}");
        }
    }
}
