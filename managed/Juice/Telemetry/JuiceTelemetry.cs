using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Juice;

/// <summary>What Juice tells those who measure: the names of its meter, instruments, activities and tags.</summary>
/// <remarks>
/// <para>
/// The meter and the activity source are both called <see cref="Name"/>. Where nobody listens, a query allocates nothing and reads no clock for it.
/// </para>
/// <list type="table">
/// <listheader><term>Instrument</term><description>kind, unit: what; tags</description></listheader>
/// <item><term><see cref="QueryDuration"/></term><description>histogram, s: one query, a call's checks and batches included;
/// <see cref="QueryKindTag"/>, <see cref="DeviceTag"/>, <see cref="ErrorTag"/> where it failed</description></item>
/// <item><term><see cref="QueryRows"/></term><description>histogram, {row}: rows of one query that was answered, the rows drawn where it sampled;
/// <see cref="QueryKindTag"/>, <see cref="DeviceTag"/></description></item>
/// <item><term><see cref="TrainingRows"/></term><description>counter, {row}: rows learnt from, by finished epochs and by
/// <see cref="CompiledCircuit.Backward"/>; <see cref="DeviceTag"/></description></item>
/// <item><term><see cref="TrainingEpochDuration"/></term><description>histogram, s: one pass over the training rows, without validation;
/// <see cref="TrainingMethodTag"/>, <see cref="DeviceTag"/></description></item>
/// <item><term><see cref="CompileDuration"/></term><description>histogram, s: one compilation; <see cref="DeviceTag"/></description></item>
/// <item><term><see cref="Models"/></term><description>up-down counter, {model}: models that hold native memory now; <see cref="DeviceTag"/></description></item>
/// </list>
/// <list type="table">
/// <listheader><term>Activity</term><description>what; tags</description></listheader>
/// <item><term><see cref="CompileActivity"/></term><description>one compilation; <see cref="DeviceTag"/></description></item>
/// <item><term><see cref="FitActivity"/></term><description>one training, the parent of its epochs; <see cref="DeviceTag"/>,
/// <see cref="TrainingMethodTag"/>, <see cref="RowsTag"/></description></item>
/// <item><term><see cref="EpochActivity"/></term><description>one epoch with its validation; <see cref="EpochTag"/>, <see cref="RowsTag"/></description></item>
/// <item><term><see cref="QueryActivity"/></term><description>one query; <see cref="QueryKindTag"/>, <see cref="DeviceTag"/>,
/// <see cref="RowsTag"/></description></item>
/// <item><term><see cref="LoadActivity"/>, <see cref="SaveActivity"/></term><description>a model file read or written; <see cref="FileTag"/>, but
/// for streams</description></item>
/// </list>
/// <para>An activity that failed has the status <see cref="ActivityStatusCode.Error"/> and <see cref="ErrorTag"/>.</para>
/// </remarks>
public static class JuiceTelemetry
{
    /// <summary>The name of the <see cref="Meter"/> and of the <see cref="ActivitySource"/>.</summary>
    public const string Name = "Juice";

    /// <summary>Seconds a query.</summary>
    public const string QueryDuration = "juice.query.duration";

    /// <summary>Rows a query.</summary>
    public const string QueryRows = "juice.query.rows";

    /// <summary>Rows learnt from.</summary>
    public const string TrainingRows = "juice.training.rows";

    /// <summary>Seconds an epoch.</summary>
    public const string TrainingEpochDuration = "juice.training.epoch.duration";

    /// <summary>Seconds a compilation.</summary>
    public const string CompileDuration = "juice.compile.duration";

    /// <summary>Models alive.</summary>
    public const string Models = "juice.models";

    /// <summary>A compilation.</summary>
    public const string CompileActivity = "juice.compile";

    /// <summary>A training.</summary>
    public const string FitActivity = "juice.fit";

    /// <summary>An epoch of a training.</summary>
    public const string EpochActivity = "juice.epoch";

    /// <summary>A query.</summary>
    public const string QueryActivity = "juice.query";

    /// <summary>The reading of a model file.</summary>
    public const string LoadActivity = "juice.load";

    /// <summary>The writing of a model file.</summary>
    public const string SaveActivity = "juice.save";

    /// <summary>What was asked: <c>log_likelihood</c>, <c>max_log_value</c>, <c>conditional</c>, <c>sample</c>.</summary>
    public const string QueryKindTag = "juice.query.kind";

    /// <summary>The device's name: <c>cpu</c>, <c>cuda:0</c>.</summary>
    public const string DeviceTag = "juice.device";

    /// <summary>How a training updates: <c>mini_batch</c>, <c>full_batch</c>.</summary>
    public const string TrainingMethodTag = "juice.training.method";

    /// <summary>The number of rows.</summary>
    public const string RowsTag = "juice.rows";

    /// <summary>The number of the epoch, from 1.</summary>
    public const string EpochTag = "juice.epoch";

    /// <summary>The path of a file.</summary>
    public const string FileTag = "file.path";

    /// <summary>The full name of the exception's type.</summary>
    public const string ErrorTag = "error.type";
}
