namespace Juice.Data;

/// <summary>Reads and writes files of rows: CSV, IDX, NPY and NPZ, gzipped or not. What a file is, its first bytes say, not its name.</summary>
/// <remarks>
/// A CSV file holds numbers only, one row a line; an empty field is missing. The rows of an array file run along its first axis, and all
/// further axes together are the variables. Stateless, so safe to use from any number of threads.
/// </remarks>
public static class RowFiles
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is not a whole file of rows; the message names the place and the rule.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static Rows Load(string path, RowFileOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream file = Open(path);
        return Named(path, () => RowFileReader.Read(file, options ?? RowFileOptions.Default, cancellationToken));
    }

    /// <summary>Reads rows from a stream, from its position to its end.</summary>
    /// <param name="stream">A readable stream. It stays open.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidDataException">The stream does not hold a whole file of rows.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static Rows Load(Stream stream, RowFileOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Named("the stream", () => RowFileReader.Read(stream, options ?? RowFileOptions.Default, cancellationToken));
    }

    /// <summary>Writes rows as CSV, NPY or NPZ, as the ending of <paramref name="path"/> says, through a temporary file beside it.</summary>
    /// <param name="path">The file to write: <c>.csv</c>, <c>.npy</c> or <c>.npz</c> (one array, <c>arr_0</c>).</param>
    /// <param name="rows">The rows.</param>
    /// <param name="cancellationToken">Stops the writing; nothing is left behind then.</param>
    /// <exception cref="ArgumentException">
    /// The ending is another, or the rows have missing entries of an integer type, for which NPY has no sign.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static void Save(string path, Rows rows, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(rows);
        Action<Stream> write = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".csv" => stream => CsvWriter.Write(stream, rows, cancellationToken),
            ".npy" => stream => NpyWriter.Write(stream, rows, cancellationToken),
            ".npz" => stream => NpzWriter.Write(stream, rows, cancellationToken),
            string other => throw new ArgumentException($"Rows are written as .csv, .npy or .npz; '{path}' ends in '{other}'."),
        };
        AtomicFile.Write(path, write);
    }

    /// <summary>Writes rows as a file that <paramref name="schema"/> reads, through a temporary file beside it.</summary>
    /// <param name="path">The file to write, of any ending.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="schema">What they mean.</param>
    /// <param name="cancellationToken">Stops the writing; nothing is left behind then.</param>
    /// <exception cref="ArgumentException">The rows have another number of variables, or an entry is outside its variable's domain.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static void Save(string path, Rows rows, DataSchema schema, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(schema);
        AtomicFile.Write(path, stream => schema.Write(stream, rows, header: true, cancellationToken));
    }

    /// <summary>Writes rows as CSV to a stream, which stays open.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static void SaveCsv(Stream stream, Rows rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(rows);
        CsvWriter.Write(stream, rows, cancellationToken);
    }

    /// <summary>Does something with a file's bytes, unpacked where they are gzipped; a complaint about them names the file.</summary>
    internal static T Use<T>(string path, Func<Stream, T> use)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream file = Open(path);
        return Named(path, () => RowFileReader.Unpack(file, use));
    }

    internal static T Use<T>(Stream stream, Func<Stream, T> use) => Named("the stream", () => RowFileReader.Unpack(stream, use));

    private static FileStream Open(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"'{path}' is a folder, not a file of rows.");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"There is no file '{path}'.", path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{path}' may not be read: {e.Message}", e);
        }
    }

    // Readers say where in the file something is wrong; which file it is, is said once, here.
    private static T Named<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }
    }
}
