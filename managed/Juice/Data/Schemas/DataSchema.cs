using System.Text.Json.Nodes;

namespace Juice.Data;

/// <summary>
/// What the variables of a model mean in a file that people write: the named columns of a table (<see cref="TableSchema"/>), or the tokens of a
/// text (<see cref="TextSchema"/>). It turns such files into rows and back, and is kept in the metadata of a model, so that the model takes the same
/// files later on.
/// </summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public abstract class DataSchema
{
    /// <summary>The key of a circuit's metadata under which its schema stands, as a JSON object.</summary>
    public const string MetadataKey = "schema";

    private protected DataSchema()
    {
    }

    /// <summary>Variables of a row.</summary>
    public abstract int Variables { get; }

    /// <summary>A distribution for each variable.</summary>
    public abstract IReadOnlyList<Distribution> Distributions { get; }

    /// <summary>The name of a variable.</summary>
    /// <param name="variable">Its number, from 0.</param>
    public abstract string NameOf(int variable);

    /// <summary>The variable of a name, or of a number in digits where no variable has that name; null where there is none.</summary>
    public virtual int? Find(string name) =>
        int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number) && number < Variables
            ? number
            : null;

    /// <summary>Reads a file, gzipped or not.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file does not fit; the message names line and column and says what the rule is.</exception>
    public Rows Read(string path, CancellationToken cancellationToken = default) => RowFiles.Load(path, new() { Schema = this }, cancellationToken);

    /// <summary>Reads a stream, gzipped or not, from its position to its end.</summary>
    /// <inheritdoc cref="Read(string, CancellationToken)"/>
    public Rows Read(Stream stream, CancellationToken cancellationToken = default) => RowFiles.Load(stream, new() { Schema = this }, cancellationToken);

    /// <summary>Writes rows as such a file.</summary>
    /// <param name="stream">A writable stream. It stays open.</param>
    /// <param name="rows">The rows, as <see cref="Read(Stream, CancellationToken)"/> gives them and models with this schema sample them.</param>
    /// <param name="header">Whether a table begins with the names of its columns.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <exception cref="ArgumentException">The rows have another number of variables, or an entry is outside its variable's domain.</exception>
    public abstract void Write(Stream stream, Rows rows, bool header = true, CancellationToken cancellationToken = default);

    /// <summary>
    /// What is to be added to the log-likelihood of each row to have it as a density of the file's own units: columns of numbers are stored in units of
    /// their standard deviations.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>A number a row, in nats.</returns>
    public virtual double[] LogUnits(Rows rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new double[rows.Count];
    }

    /// <summary>The circuit with this schema in its metadata. What else stands under the key stays there.</summary>
    public Circuit AddTo(Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        if (circuit.Variables != Variables)
            throw new ArgumentException($"The circuit has {circuit.Variables} variables and the schema {Variables}.", nameof(circuit));
        JsonObject all = SchemaJson.Parse(circuit.Metadata.GetValueOrDefault(MetadataKey)) ?? [];
        all[Kind] = ToJson();
        return circuit.WithMetadata(MetadataKey, all.ToJsonString(SchemaJson.Plain));
    }

    /// <summary>The schema in a circuit's metadata; null where it has none.</summary>
    /// <exception cref="InvalidDataException">There is one, but it is damaged or of other variables than the circuit's.</exception>
    public static DataSchema? Of(Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        JsonObject? all = SchemaJson.Parse(circuit.Metadata.GetValueOrDefault(MetadataKey));
        DataSchema? schema = all switch
        {
            _ when all?[TableSchema.Key] is JsonObject table => TableSchema.FromJson(table),
            _ when all?[TextSchema.Key] is JsonObject text => TextSchema.FromJson(text),
            _ => null,
        };
        if (schema is not null && schema.Variables != circuit.Variables)
            throw new InvalidDataException($"The schema in the metadata has {schema.Variables} variables, the circuit {circuit.Variables}.");
        return schema;
    }

    internal abstract string Kind { get; }

    internal abstract JsonObject ToJson();

    /// <summary>Reads text that is unpacked already.</summary>
    internal abstract Rows ReadText(Stream stream, CancellationToken cancellation);

    private protected void Check(Rows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Variables != Variables)
            throw new ArgumentException($"The rows have {rows.Variables} variables and the schema {Variables}.", nameof(rows));
    }
}
