using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Juice.Data;

/// <summary>
/// The tokens of a text: each line is a sequence and each variable a place in it. Behind a line's last token stands <see cref="End"/>, and what is behind
/// that is missing; a token that the vocabulary lacks is <see cref="Unknown"/>. An empty line is a row that has its end alone.
/// </summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed class TextSchema : DataSchema
{
    /// <summary>The token 0: any that the vocabulary lacks.</summary>
    public const string Unknown = "<unk>";

    /// <summary>The token 1: a line's end.</summary>
    public const string End = "<end>";

    internal const string Key = "text";

    private const int UnknownToken = 0, EndToken = 1;

    private static readonly SearchValues<char> s_spaces = SearchValues.Create(" \t\r\v\f\u00a0");

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _numbers;

    /// <summary>A schema of given tokens.</summary>
    /// <param name="tokens">All tokens, each once; <see cref="Unknown"/> and <see cref="End"/> are the first two.</param>
    /// <param name="length">Variables of a row; at least 1.</param>
    /// <param name="unit">What a token is.</param>
    /// <exception cref="ArgumentException">A token is there twice, or the first two are others, or the length is under 1.</exception>
    public TextSchema(IReadOnlyList<string> tokens, int length, TextUnit unit = TextUnit.Words)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (length < 1) throw new ArgumentException($"The length is {length}; at least 1 is needed.", nameof(length));
        if (!Enum.IsDefined(unit)) throw new ArgumentException($"{unit} is no unit of text.", nameof(unit));
        if (tokens.Count < 2 || tokens[UnknownToken] != Unknown || tokens[EndToken] != End)
            throw new ArgumentException($"The first two tokens are {Unknown} and {End}.", nameof(tokens));
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        for (int i = 0; i < tokens.Count; i++)
            if (!numbers.TryAdd(tokens[i], i)) throw new ArgumentException($"The token '{tokens[i]}' is there twice.", nameof(tokens));
        _numbers = numbers.GetAlternateLookup<ReadOnlySpan<char>>();
        (Tokens, Length, Unit) = ([.. tokens], length, unit);
        Distributions = [.. Enumerable.Repeat(new Categorical(tokens.Count), length)];
    }

    /// <summary>The tokens; each one's number is its place.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Variables of a row.</summary>
    public int Length { get; }

    /// <summary>What a token is.</summary>
    public TextUnit Unit { get; }

    /// <inheritdoc/>
    public override int Variables => Length;

    /// <inheritdoc/>
    public override IReadOnlyList<Distribution> Distributions { get; }

    internal override string Kind => Key;

    /// <summary>Finds the vocabulary of a text.</summary>
    /// <param name="path">The text, UTF-8, gzipped or not.</param>
    /// <param name="options">What is wanted of it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">There is no line, or it is not UTF-8.</exception>
    public static TextSchema Discover(string path, TextOptions? options = null, CancellationToken cancellationToken = default) =>
        RowFiles.Use(path, stream => Discovered(stream, options ?? new(), cancellationToken));

    /// <inheritdoc cref="Discover(string, TextOptions?, CancellationToken)"/>
    /// <param name="stream">The text, UTF-8, gzipped or not. It stays open.</param>
    /// <param name="options">What is wanted of it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static TextSchema Discover(Stream stream, TextOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return RowFiles.Use(stream, unpacked => Discovered(unpacked, options ?? new(), cancellationToken));
    }

    /// <inheritdoc/>
    public override string NameOf(int variable) => variable.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number of a token, that of <see cref="Unknown"/> where the vocabulary lacks it.</summary>
    public int NumberOf(ReadOnlySpan<char> token) => _numbers.TryGetValue(token, out int number) ? number : UnknownToken;

    /// <summary>Writes each row as a line, up to its end or its first missing entry. There is no header.</summary>
    /// <inheritdoc/>
    public override void Write(Stream stream, Rows rows, bool header = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Check(rows);
        using StreamWriter text = new(stream, new UTF8Encoding(false), bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        RowChunks chunks = new(rows);
        while (chunks.Next(cancellationToken))
        {
            for (int row = 0; row < chunks.Count; row++)
            {
                for (int v = 0; v < Length; v++)
                {
                    double entry = chunks.Entries[row * Length + v];
                    if (double.IsNaN(entry) || entry == EndToken) break;
                    if (!(entry >= 0 && entry < Tokens.Count && entry == Math.Floor(entry)))
                        throw new ArgumentException($"Row {chunks.First + row}, column {v}: {entry} is not one of the {Tokens.Count} tokens.", nameof(rows));
                    if (v > 0 && Unit == TextUnit.Words) text.Write(' ');
                    text.Write(Tokens[(int)entry]);
                }
                text.Write('\n');
            }
        }
    }

    internal static TextSchema FromJson(JsonObject json)
    {
        if (!Enum.TryParse(SchemaJson.Text(json, "unit"), ignoreCase: true, out TextUnit unit)) throw SchemaJson.Damaged("unit");
        try
        {
            return new(SchemaJson.Texts(json, "tokens"), SchemaJson.Whole(json, "length"), unit);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"The schema in the metadata is damaged: {e.Message}", e);
        }
    }

    internal override JsonObject ToJson() => new()
    {
        ["unit"] = Unit == TextUnit.Words ? "words" : "characters",
        ["length"] = Length,
        ["tokens"] = SchemaJson.Array(Tokens),
    };

    internal override Rows ReadText(Stream stream, CancellationToken cancellation)
    {
        EntryBuffer entries = new();
        foreach (string line in Lines(stream, cancellation))
        {
            int filled = 0;
            foreach (Range token in Split(line, Unit))
            {
                if (filled == Length) break;
                entries.Add((long)NumberOf(line.AsSpan(token)));
                filled++;
            }
            if (filled < Length)
            {
                entries.Add((long)EndToken);
                filled++;
            }
            for (; filled < Length; filled++) entries.AddMissing();
        }
        return entries.ToRows(Length).WithCategories(Tokens.Count);
    }

    private static TextSchema Discovered(Stream stream, TextOptions options, CancellationToken cancellation)
    {
        if (options.Length < 0) throw new ArgumentException($"Length is {options.Length}; it is at least 1, or 0 for what the longest line takes.");
        if (options.MostTokens is not 0 and < 3) throw new ArgumentException($"MostTokens is {options.MostTokens}; it is at least 3, or 0 for no limit.");
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        int longest = 0;
        foreach (string line in Lines(stream, cancellation))
        {
            int tokens = 0;
            foreach (Range token in Split(line, options.Unit))
            {
                lookup[line.AsSpan(token)] = lookup.TryGetValue(line.AsSpan(token), out long count) ? count + 1 : 1;
                tokens++;
            }
            longest = Math.Max(longest, tokens);
        }
        counts.Remove(Unknown);     // a text may have them already; they mean the same
        counts.Remove(End);
        IEnumerable<string> kept = counts.Where(token => token.Value >= options.LeastCount)
            .OrderByDescending(token => token.Value).ThenBy(token => token.Key, StringComparer.Ordinal).Select(token => token.Key);
        if (options.MostTokens > 0) kept = kept.Take(options.MostTokens - 2);
        return new([Unknown, End, .. kept], options.Length > 0 ? options.Length : longest + 1, options.Unit);
    }

    private static IEnumerable<string> Lines(Stream stream, CancellationToken cancellation)
    {
        using StreamReader text = new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        long number = 0;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            string? line;
            try
            {
                line = text.ReadLine();
            }
            catch (DecoderFallbackException)
            {
                throw new InvalidDataException($"line {number + 1} or one soon after it is not UTF-8 text");
            }
            if (line is null) break;
            number++;
            yield return line;
        }
        if (number == 0) throw new InvalidDataException("the text has no line");
    }

    // Characters are those of Unicode, not halves of them.
    private static IEnumerable<Range> Split(string line, TextUnit unit)
    {
        for (int at = 0; at < line.Length;)
        {
            int length;
            if (unit == TextUnit.Characters)
            {
                length = char.IsHighSurrogate(line[at]) && at + 1 < line.Length && char.IsLowSurrogate(line[at + 1]) ? 2 : 1;
                yield return at..(at + length);
            }
            else
            {
                length = line.AsSpan(at).IndexOfAny(s_spaces);
                if (length < 0) length = line.Length - at;
                if (length > 0) yield return at..(at + length);
                length++;
            }
            at += length;
        }
    }
}
