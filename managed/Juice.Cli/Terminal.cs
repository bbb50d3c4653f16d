using System.Text;

namespace Juice.Cli;

/// <summary>Where the tool writes: results to <see cref="Out"/>, progress and complaints to <see cref="Error"/>.</summary>
/// <param name="Out">Standard output. It is flushed when the command ends.</param>
/// <param name="Error">Standard error.</param>
/// <param name="ErrorIsInteractive">Whether a person watches standard error on a terminal that can redraw a line.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool ErrorIsInteractive)
{
    /// <summary>That of this process.</summary>
    public static Terminal Process()
    {
        // Bytes as they are meant, whatever the console's code page, and one write for many lines.
        UTF8Encoding encoding = new(encoderShouldEmitUTF8Identifier: false);
        StreamWriter output = new(Console.OpenStandardOutput(), encoding, bufferSize: 1 << 16) { NewLine = "\n" };
        bool interactive = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        return new(output, Console.Error, interactive || (!Console.IsErrorRedirected && OperatingSystem.IsWindows()));
    }

    /// <summary>Says in one line on standard error what is wrong.</summary>
    public void Complain(string sentence) => Error.WriteLine($"juice: {Sentences.Tidy(sentence)}");

    /// <summary>Says something about the run that is neither result nor fault.</summary>
    public void Note(string text) => Error.WriteLine(text);
}
