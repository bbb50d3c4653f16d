using Juice.Data;

namespace Juice.Tests.Data;

public class TextSchemaTests
{
    private const string Lines = "the cat sat\nthe  dog sat down\n\nthe cat\n";

    private static TextSchema Discover(string text, TextOptions? options = null)
    {
        using MemoryStream stream = new(Made.Text(text));
        return TextSchema.Discover(stream, options);
    }

    private static Rows Read(TextSchema schema, string text)
    {
        using MemoryStream stream = new(Made.Text(text));
        return schema.Read(stream);
    }

    private static string Write(TextSchema schema, Rows rows)
    {
        using MemoryStream stream = new();
        schema.Write(stream, rows);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    [Test]
    public void The_vocabulary_holds_frequent_tokens_first_and_rare_ones_not_at_all()
    {
        Assert.That(Discover(Lines).Tokens, Is.EqualTo(new[] { "<unk>", "<end>", "the", "cat", "sat" }));
        Assert.That(Discover(Lines, new() { LeastCount = 1 }).Tokens, Is.EqualTo(new[] { "<unk>", "<end>", "the", "cat", "sat", "dog", "down" }));
        Assert.That(Discover(Lines, new() { MostTokens = 3 }).Tokens, Is.EqualTo(new[] { "<unk>", "<end>", "the" }));
    }

    [Test]
    public void A_line_is_its_tokens_and_its_end_and_then_missing()
    {
        TextSchema schema = Discover(Lines);

        Rows rows = Read(schema, Lines);

        const double none = double.NaN;
        Assert.That(schema.Length, Is.EqualTo(5), "four tokens and the end");
        Assert.That(rows.Categories, Is.EqualTo(5));
        Assert.That(rows.Entries(), Is.EqualTo(new[] { 2, 3, 4, 1, none, 2, 0, 4, 0, 1, 1, none, none, none, none, 2, 3, 1, none, none }));
        Assert.That(Write(schema, rows), Is.EqualTo("the cat sat\nthe <unk> sat <unk>\n\nthe cat\n"));
    }

    [Test]
    public void What_is_longer_than_a_row_is_cut_off_without_an_end()
    {
        TextSchema schema = Discover(Lines, new() { Length = 3 });

        Assert.That(Read(schema, "the cat sat down\nthe cat sat\nsat\n").Entries(), Is.EqualTo(new[] { 2, 3, 4, 2, 3, 4, 4, 1, double.NaN }));
    }

    [Test]
    public void Characters_are_those_of_unicode()
    {
        TextSchema schema = Discover("aé😀\n😀a b\n", new() { Unit = TextUnit.Characters, LeastCount = 1 });

        Assert.That(schema.Tokens.Skip(2), Is.EqualTo(new[] { "a", "😀", " ", "b", "é" }));
        Assert.That(Write(schema, Read(schema, "😀é a\n")), Is.EqualTo("😀é a\n"));
    }

    [Test]
    public void Many_lines_of_many_words_are_read_whole()
    {
        string[] lines = [.. Enumerable.Range(0, 20_000).Select(i => string.Join(' ', Enumerable.Range(0, i % 7).Select(j => $"w{(i * 31 + j) % 500}")))];
        TextSchema schema = Discover(string.Join('\n', lines) + "\n");

        Assert.That(schema.Tokens, Has.Count.EqualTo(502));
        Assert.That(Write(schema, Read(schema, string.Join('\n', lines) + "\n")), Is.EqualTo(string.Join('\n', lines) + "\n"));
    }

    [Test]
    public void Text_that_is_none_is_refused()
    {
        using MemoryStream bytes = new([(byte)'a', (byte)'\n', 0xff, 0xfe, 0x80]);

        Assert.That(() => TextSchema.Discover(bytes), Throws.TypeOf<InvalidDataException>().With.Message.Contains("not UTF-8"));
        Assert.That(() => Discover(""), Throws.TypeOf<InvalidDataException>().With.Message.Contains("no line"));
        Assert.That(() => new TextSchema(["<unk>", "<end>", "a", "a"], 3), Throws.ArgumentException.With.Message.Contains("'a' is there twice"));
    }

    [Test]
    public void A_hidden_markov_model_learns_sentences_and_the_schema_goes_with_it()
    {
        TextSchema schema = Discover(string.Concat(Enumerable.Repeat("a b a b\nb a\n", 50)));
        Rows rows = Read(schema, string.Concat(Enumerable.Repeat("a b a b\nb a\n", 50)));
        using Circuit circuit = Structures.Hmm(schema.Distributions, latents: 6, seed: 1);
        using Circuit known = schema.AddTo(circuit);
        using CompiledCircuit model = known.Compile(Device.Cpu);

        model.Fit(rows, new FullBatchEm { Epochs = 60, Pseudocount = 0 });

        // Two sentences, each as likely as the other: a bit a row at best; EM may stay with half as much again.
        Assert.That(model.MeanLogLikelihood(rows), Is.InRange(-1.5, -Math.Log(2) + 1e-4));
        using Circuit trained = model.ToCircuit();
        TextSchema again = (TextSchema)DataSchema.Of(trained)!;
        Assert.That((again.Tokens, again.Length, again.Unit), Is.EqualTo((schema.Tokens, schema.Length, schema.Unit)));
        Assert.That(Write(again, model.Sample(50)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line is "a b a b" or "b a"), Is.GreaterThan(10));
    }
}
