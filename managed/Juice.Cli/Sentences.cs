using System.Reflection;

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

    /// <summary>One line, without a final full stop missing.</summary>
    public static string Tidy(string text)
    {
        string line = string.Join(' ', text.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
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
