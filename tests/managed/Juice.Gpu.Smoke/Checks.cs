namespace Juice.Gpu.Smoke;

/// <summary>Counts checks and says each.</summary>
internal sealed class Checks
{
    public int Passed { get; private set; }

    public int Failed { get; private set; }

    public void That(bool holds, string what)
    {
        Console.WriteLine($"{(holds ? "PASS" : "FAIL")} {what}");
        if (holds) Passed++;
        else Failed++;
    }
}
