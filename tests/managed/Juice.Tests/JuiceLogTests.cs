using System.Text;
using Microsoft.Extensions.Logging;

namespace Juice.Tests;

[NonParallelizable]
public class JuiceLogTests
{
    [TearDown]
    public void TurnOff() => JuiceLog.UseLogger(null);

    [Test]
    public void A_native_line_reaches_the_logger_with_its_level()
    {
        ListLogger logger = new();
        JuiceLog.UseLogger(logger);

        Write(LogLevel.Warning, "Grüße aus der Tiefe");

        Assert.That(logger.Lines, Is.EqualTo(new[] { "Warning: Grüße aus der Tiefe" }));
    }

    [Test]
    public void A_logger_that_throws_does_not_bring_the_caller_down()
    {
        JuiceLog.UseLogger(new ListLogger { Fails = true });

        Assert.That(() => Write(LogLevel.Error, "never mind"), Throws.Nothing);
    }

    [Test]
    public void Without_a_logger_lines_go_nowhere()
    {
        ListLogger logger = new();
        JuiceLog.UseLogger(logger);
        JuiceLog.UseLogger(null);

        Write(LogLevel.Critical, "unheard");

        Assert.That(logger.Lines, Is.Empty);
    }

    // As the native side would, through the callback that it was given.
    private static unsafe void Write(LogLevel level, string message)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(message + '\0')) JuiceLog.Callback((int)level, text, null);
    }
}
