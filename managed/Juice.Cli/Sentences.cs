using System.Reflection;
using System.Text;

namespace Juice.Cli;

/// <summary>Makes one sentence of whatever went wrong.</summary>
internal static class Sentences
{
    public static string Of(Exception exception) => exception switch
    {
        AggregateException { InnerExceptions: [Exception only] } => Of(only),
        TypeInitializationException or TargetInvocationException when exception.InnerException is { } inner => Of(inner),
        ArgumentException argument => WithoutParameter(argument),
        IOException or InvalidDataException or JuiceException or UnauthorizedAccessException or NotSupportedException => exception.Message,
        DllNotFoundException or EntryPointNotFoundException or BadImageFormatException => exception.Message,
        OutOfMemoryException => "there is not enough memory",
        _ => $"a fault of juice itself, {exception.GetType().Name}: {exception.Message}",
    };

    /// <summary>One line with a full stop at its end, whatever the text was.</summary>
    public static string Tidy(string text)
    {
        StringBuilder joined = new();
        foreach (string part in text.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            joined.Append(joined.Length == 0 ? "" : joined[^1] is ':' or '.' ? " " : "; ").Append(part);
        string line = joined.ToString();
        return line.EndsWith('.') || line.EndsWith('?') || line.EndsWith('!') ? line : line + ".";
    }

    // Names of parameters mean nothing to someone who types commands.
    private static string WithoutParameter(ArgumentException exception)
    {
        string tail = $" (Parameter '{exception.ParamName}')";
        int at = exception.ParamName is null ? -1 : exception.Message.IndexOf(tail, StringComparison.Ordinal);
        return at < 0 ? exception.Message : exception.Message[..at];
    }
}
