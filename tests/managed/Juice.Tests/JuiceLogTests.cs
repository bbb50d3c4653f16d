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

    [Test]
    public void Whoever_stops_ends_only_his_own_logging()
    {
        ListLogger first = new(), second = new();
        JuiceLog.UseLogger(first);
        JuiceLog.UseLogger(second);

        JuiceLog.StopUsing(first);
        Write(LogLevel.Warning, "heard");
        JuiceLog.StopUsing(second);
        Write(LogLevel.Warning, "unheard");

        Assert.That(first.Lines, Is.Empty);
        Assert.That(second.Lines, Is.EqualTo(new[] { "Warning: heard" }));
    }

    [Test]
    public void A_compilation_is_two_lines_for_those_who_debug_what_it_took_and_what_came_of_it()
    {
        ListLogger logger = new();

        JuiceLog.UseLogger(logger);
        using CompiledCircuit unheard = Some.Model();
        JuiceLog.UseLogger(logger, LogLevel.Debug);
        using CompiledCircuit heard = Some.Model();

        Assert.That(logger.Lines, Has.Count.EqualTo(2).And.One.StartsWith("Debug: compiled for cpu: device found in ").And.One.StartsWith("Debug: Compiled 12 variables"));
        Assert.That(logger.Events, Is.EqualTo(new[] { JuiceEventIds.NativeLine, JuiceEventIds.Compiled }));
    }

    [Test]
    public void No_two_messages_share_an_event_id()
    {
        int[] ids = [.. typeof(JuiceEventIds).GetFields().Select(field => (int)field.GetRawConstantValue()!)];

        Assert.That(ids, Is.Unique.And.Not.Empty);
    }

    // As the native side would, through the callback that it was given.
    private static unsafe void Write(LogLevel level, string message)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(message + '\0')) JuiceLog.Callback((int)level, text, null);
    }
}
