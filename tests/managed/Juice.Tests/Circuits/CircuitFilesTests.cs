using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Juice.Tests;

public class CircuitFilesTests
{
    [Test]
    public void A_file_gives_back_the_circuit()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.juice");
        using Circuit circuit = Some.Circuit();

        circuit.Save(path);
        using Circuit read = Circuit.Load(path);

        AssertSame(read, circuit);
    }

    [Test]
    public void A_stream_gives_back_the_circuit_and_stays_open()
    {
        using MemoryStream stream = new();
        using Circuit circuit = Some.Circuit();

        circuit.Save(stream);
        long length = stream.Length;
        stream.Position = 0;
        using Circuit read = Circuit.Load(stream);

        AssertSame(read, circuit);
        Assert.That(stream.Position, Is.EqualTo(length));
    }

    [Test]
    public void A_stream_and_a_file_hold_the_same_bytes()
    {
        using TemporaryFolder folder = new();
        using MemoryStream stream = new();
        using Circuit circuit = Some.Circuit();

        circuit.Save(stream);
        circuit.Save(folder.File("model.juice"));

        Assert.That(File.ReadAllBytes(folder.File("model.juice")), Is.EqualTo(stream.ToArray()));
    }

    [Test]
    public void A_stream_that_cannot_seek_and_drips_is_read_to_its_end()
    {
        using MemoryStream stream = new();
        using Circuit circuit = Some.Circuit();
        circuit.Save(stream);

        using Circuit read = Circuit.Load(new DrippingStream(stream.ToArray()));

        AssertSame(read, circuit);
    }

    [Test]
    public void Json_gives_back_the_circuit()
    {
        using Circuit circuit = Some.Circuit();

        using Circuit read = Circuit.FromJson(circuit.ToJson());

        AssertSame(read, circuit);
    }

    [Test]
    public void Json_is_readable_and_has_the_format_s_names()
    {
        using Circuit circuit = Some.Circuit();

        JsonNode json = JsonNode.Parse(circuit.ToJson())!;

        Assert.That(json.ToJsonString(), Does.Contain("categorical").And.Contain("node_blocks").And.Contain("0.125"));
    }

    [Test]
    public void Every_bit_of_a_float_survives_json()
    {
        CircuitBuilder builder = new(variables: 1);
        float mean = BitConverter.Int32BitsToSingle(0x3f9df3b7), deviation = BitConverter.Int32BitsToSingle(0x00800001);
        builder.Input(0, new Gaussian(), nodeBlocks: 1, blockSize: 1, parameters: [mean, deviation]);
        using Circuit circuit = builder.Build();

        using Circuit read = Circuit.FromJson(circuit.ToJson());

        Assert.That(read.Vectors[0].Parameters.ToArray(), Is.EqualTo(new[] { mean, deviation }));
    }

    [Test]
    public void Saving_overwrites_an_older_file()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.juice");
        using Circuit circuit = Some.Circuit();
        File.WriteAllText(path, "an older file");

        circuit.Save(path);
        using Circuit read = Circuit.Load(path);

        AssertSame(read, circuit);
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1), "no temporary file is left");
    }

    [Test]
    public void A_file_that_is_not_there_is_an_io_error_that_names_it() =>
        Assert.That(() => Circuit.Load("/nowhere/model.juice"), Throws.InstanceOf<IOException>().With.Message.Contains("/nowhere/model.juice"));

    [Test]
    public void A_folder_that_is_not_there_is_an_io_error()
    {
        using Circuit circuit = Some.Circuit();

        Assert.That(() => circuit.Save("/nowhere/model.juice"), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void Bytes_that_are_no_model_are_invalid_data()
    {
        Assert.That(() => Circuit.Load(new MemoryStream([1, 2, 3])), Throws.TypeOf<InvalidDataException>());
        Assert.That(() => Circuit.Load(new MemoryStream()), Throws.TypeOf<InvalidDataException>());
        Assert.That(() => Circuit.FromJson(""), Throws.TypeOf<InvalidDataException>());
        Assert.That(() => Circuit.FromJson("{ \"variables\": "), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void Every_truncation_of_a_file_is_an_error()
    {
        using MemoryStream stream = new();
        using Circuit circuit = Some.Circuit();
        circuit.Save(stream);
        byte[] bytes = stream.ToArray();

        for (int length = 0; length < bytes.Length; length++)
            Assert.That(() => Circuit.Load(new MemoryStream(bytes, 0, length)), Throws.TypeOf<InvalidDataException>(), $"cut at {length}");
    }

    [Test]
    public void A_header_of_absurd_length_is_an_error()
    {
        byte[] bytes = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, ulong.MaxValue);

        Assert.That(() => Circuit.Load(new MemoryStream(bytes)), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void A_skeleton_file_needs_a_seed()
    {
        const string Skeleton = """
            { "variables": 1, "root": 0,
              "nodes": [ { "type": "input", "variables": [0], "node_blocks": 1, "block_size": 2,
                           "distribution": { "type": "categorical", "categories": 3 } } ] }
            """;

        byte[] bytes = SafeTensors(Skeleton);

        Assert.That(() => Circuit.Load(new MemoryStream(bytes)), Throws.TypeOf<InvalidDataException>());
        using Circuit circuit = Circuit.Load(new MemoryStream(bytes), seed: 5);
        Assert.That(circuit.Vectors[0].Parameters.ToArray().Take(3).Sum(), Is.EqualTo(1).Within(1e-5));
    }

    [Test]
    public void An_exception_of_a_stream_comes_out_of_saving_and_loading()
    {
        using Circuit circuit = Some.Circuit();

        Assert.That(() => circuit.Save(new BrokenStream()), Throws.TypeOf<InvalidTimeZoneException>());
        Assert.That(() => Circuit.Load(new BrokenStream()), Throws.TypeOf<InvalidTimeZoneException>());
    }

    [Test]
    public void Metadata_is_kept_by_files_and_changes_nothing_else()
    {
        using Circuit circuit = Some.Circuit();
        using Circuit changed = circuit.WithMetadata("data", "fashion-mnist").WithMetadata("Ümlaut", "grüß dich");
        using MemoryStream stream = new();

        changed.Save(stream);
        stream.Position = 0;
        using Circuit read = Circuit.Load(stream);

        Assert.That(circuit.Metadata, Is.Empty);
        Assert.That(read.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["data"] = "fashion-mnist", ["Ümlaut"] = "grüß dich" }));
        Assert.That(read.WithMetadata("data", null).Metadata.Keys, Is.EqualTo(new[] { "Ümlaut" }));
        AssertSame(read, circuit);
    }

    [TestCase("format")]
    [TestCase("version")]
    [TestCase("circuit")]
    public void The_format_s_own_keys_cannot_be_set(string key)
    {
        using Circuit circuit = Some.Circuit();

        Assert.That(() => circuit.WithMetadata(key, "x"), Throws.ArgumentException.With.Message.Contains(key));
    }

    private static byte[] SafeTensors(string circuit)
    {
        JsonObject header = new()
        {
            ["__metadata__"] = new JsonObject { ["format"] = "juice-circuit", ["version"] = "1", ["circuit"] = circuit },
        };
        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString()), bytes = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, text.Length);
        text.CopyTo(bytes, 8);
        return bytes;
    }

    private static void AssertSame(Circuit actual, Circuit expected)
    {
        Assert.That(actual.ToString(), Is.EqualTo(expected.ToString()));
        Assert.That(actual.Root, Is.EqualTo(expected.Root));
        foreach ((NodeVector a, NodeVector e) in actual.Vectors.Zip(expected.Vectors))
        {
            Assert.That(a.ToString(), Is.EqualTo(e.ToString()));
            Assert.That(a.Children.ToArray(), Is.EqualTo(e.Children.ToArray()));
            Assert.That(a.Edges.ToArray(), Is.EqualTo(e.Edges.ToArray()));
            Assert.That(a.Parameters.ToArray(), Is.EqualTo(e.Parameters.ToArray()));
            Assert.That(a.TiedTo, Is.EqualTo(e.TiedTo));
        }
    }

    private sealed class DrippingStream(byte[] bytes) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int piece = Math.Min(Math.Min(count, 7), bytes.Length - _at);
            Array.Copy(bytes, _at, buffer, offset, piece);
            _at += piece;
            return piece;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override int Read(Span<byte> buffer) => throw new InvalidTimeZoneException();

        public override void Write(ReadOnlySpan<byte> buffer) => throw new InvalidTimeZoneException();
    }
}
