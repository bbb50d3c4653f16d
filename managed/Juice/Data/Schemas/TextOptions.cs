namespace Juice.Data;

/// <summary>What a token of a text is.</summary>
public enum TextUnit
{
    /// <summary>What stands between spaces.</summary>
    Words = 0,

    /// <summary>A character, spaces as well.</summary>
    Characters,
}

/// <summary>How the vocabulary of a text is discovered.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record TextOptions
{
    /// <summary>What a token is: words by default.</summary>
    public TextUnit Unit { get; init; }

    /// <summary>
    /// Variables of a row: a line has a token less at most, since its end is one; what is longer is cut off, without an end. 0, the default: what the
    /// longest line takes.
    /// </summary>
    public int Length { get; init; }

    /// <summary>
    /// Tokens that are rarer become <see cref="TextSchema.Unknown"/>, so that a model learns how often to expect what it does not know; 2 by default.
    /// </summary>
    public int LeastCount { get; init; } = 2;

    /// <summary>At most so many tokens, the most frequent ones, the two that stand for others included; 0, the default: no limit.</summary>
    public int MostTokens { get; init; }
}
