namespace Juice.Data;

/// <summary>How the columns of a table are discovered.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record TableOptions
{
    /// <summary>
    /// What some columns are, by name: <c>category</c>, <c>number</c>, <c>bins:N</c> (N bins of about equally many rows), or <c>ignore</c>; the name
    /// <c>*</c> stands for all columns of numbers that would not be categories. Others are discovered: a column with a field that is not a number holds
    /// categories, as does one of whole numbers of which there are at most <see cref="MostWholeNumbers"/>; any other holds numbers. Empty by default.
    /// </summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>Fields that are missing, in any case of letters. Default: the empty field, NA, NaN, null and ?.</summary>
    public IReadOnlyList<string> Missing { get; init; } = ["", "NA", "NaN", "null", "?"];

    /// <summary>A column of no more different whole numbers holds categories; 32 by default.</summary>
    public int MostWholeNumbers { get; init; } = 32;

    /// <summary>A column of more different names is refused, since it hardly holds categories; 4096 by default.</summary>
    public int MostCategories { get; init; } = 4096;
}
