namespace Juice.Data;

/// <summary>How a file of rows is read. The defaults fit files that say all by themselves.</summary>
public sealed record RowFileOptions
{
    /// <summary>The options that <see cref="RowFiles"/> takes where none are given.</summary>
    public static RowFileOptions Default { get; } = new();

    /// <summary>Whether the first line of a CSV file names the columns and is skipped. Default: false.</summary>
    public bool Header { get; init; }

    /// <summary>
    /// What a text file holds: a table with named columns, or a text. Array files are rows already, and it is not asked about them. Null, the default: comma-separated
    /// numbers.
    /// </summary>
    public DataSchema? Schema { get; init; }

    /// <summary>The array of an NPZ archive to read, by its name with or without <c>.npy</c>; null for the first. Default: null.</summary>
    public string? Array { get; init; }

    /// <summary>
    /// Uncompressed NPY and IDX files whose rows fill at least this many bytes are mapped into memory rather than read, where their numbers
    /// already lie as <see cref="Rows"/> hold them. Default: 256 MiB; 0 maps them all.
    /// </summary>
    /// <remarks>A mapped file must stay as it is while its rows are in use: the operating system ends a process that reads past its end.</remarks>
    public long MapFrom { get; init; } = 256L << 20;
}
