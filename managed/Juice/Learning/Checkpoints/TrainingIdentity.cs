using System.Globalization;
using Juice.Interop;

namespace Juice;

/// <summary>
/// What a training is made of, but for the circuit and the number of epochs: where two agree in all of it, and in their circuits, they go through
/// the same parameters, bit for bit.
/// </summary>
internal sealed record TrainingIdentity
{
    public required bool IsFullBatch { get; init; }

    public required bool ShufflesRows { get; init; }

    public required long BatchSize { get; init; }

    public required string StepSize { get; init; }

    public required string Optimizer { get; init; }

    public required double Power { get; init; }

    public required double Pseudocount { get; init; }

    public required double MinDeviation { get; init; }

    public required double MinScale { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>0: none.</summary>
    public required long Patience { get; init; }

    public required bool KeepsBest { get; init; }

    public required RowFingerprint Rows { get; init; }

    public required RowFingerprint Validation { get; init; }

    public static TrainingIdentity Of(Rows train, Em em, FitOptions options) => new()
    {
        IsFullBatch = em.IsFullBatch,
        ShufflesRows = em.ShufflesRows,
        BatchSize = em.BatchSize,
        StepSize = em.StepSize.Text,
        Optimizer = em.Optimizer.Text,
        Power = em.Power,
        Pseudocount = em.Pseudocount,
        MinDeviation = em.MinDeviation,
        MinScale = em.MinScale,
        Seed = em.Seed,
        Patience = options.Patience ?? 0,
        KeepsBest = options.KeepBest,
        Rows = RowFingerprint.Of(train),
        Validation = RowFingerprint.Of(options.Validation),
    };

    public static TrainingIdentity Read(StateReader state) => new()
    {
        IsFullBatch = state.Integer("state.full_batch") != 0,
        ShufflesRows = state.Integer("state.shuffle") != 0,
        BatchSize = state.Integer("state.batch_size"),
        StepSize = state.Text("state.step_size"),
        Optimizer = state.Has("state.optimizer") ? state.Text("state.optimizer") : Juice.Optimizer.Em.Text,     // checkpoints of old
        Power = state.Has("state.power") ? state.Real("state.power") : 1,
        Pseudocount = state.Real("state.pseudocount"),
        MinDeviation = state.Real("state.min_deviation"),
        MinScale = state.Real("state.min_scale"),
        Seed = state.Unsigned("state.seed"),
        Patience = state.Integer("state.patience"),
        KeepsBest = state.Integer("state.keep_best") != 0,
        Rows = new(state.Integer("state.rows.count"), state.Bytes("state.rows.hash")),
        Validation = new(state.Integer("state.validation.count"), state.Bytes("state.validation.hash")),
    };

    public void Write(StateWriter state)
    {
        state.Add("state.full_batch", IsFullBatch ? 1L : 0L);
        state.Add("state.shuffle", ShufflesRows ? 1L : 0L);
        state.Add("state.batch_size", BatchSize);
        state.Add("state.step_size", StepSize);
        state.Add("state.optimizer", Optimizer);
        state.Add("state.power", Power);
        state.Add("state.pseudocount", Pseudocount);
        state.Add("state.min_deviation", MinDeviation);
        state.Add("state.min_scale", MinScale);
        state.Add("state.seed", Seed);
        state.Add("state.patience", Patience);
        state.Add("state.keep_best", KeepsBest ? 1L : 0L);
        state.Add("state.rows.count", Rows.Count);
        state.Add("state.rows.hash", Rows.Hash);
        state.Add("state.validation.count", Validation.Count);
        state.Add("state.validation.hash", Validation.Hash);
    }

    /// <summary>The first thing in which this training differs from one that was checkpointed, as the end of a sentence; null where there is none.</summary>
    public string? DifferenceFrom(TrainingIdentity other) =>
        Difference("full-batch training", "mini-batch training", IsFullBatch, other.IsFullBatch)
        ?? Difference("rows in shuffled order", "rows in their own order", ShufflesRows, other.ShufflesRows)
        ?? Difference("a batch size of", BatchSize, other.BatchSize)
        ?? Difference("the step size", StepSize, other.StepSize)
        ?? Difference("the optimiser", Optimizer, other.Optimizer)
        ?? Difference("a power of", Power, other.Power)
        ?? Difference("a pseudocount of", Pseudocount, other.Pseudocount)
        ?? Difference("a least deviation of", MinDeviation, other.MinDeviation)
        ?? Difference("a least scale of", MinScale, other.MinScale)
        ?? Difference("the seed", Seed, other.Seed)
        ?? Difference("a patience of", Patience, other.Patience)
        ?? Difference("the best epoch kept", "the last epoch kept", KeepsBest, other.KeepsBest)
        ?? Difference("rows numbering", Rows.Count, other.Rows.Count)
        ?? (Rows.HasSameHash(other.Rows) ? null : "it was of other rows")
        ?? Difference("validation rows numbering", Validation.Count, other.Validation.Count)
        ?? (Validation.HasSameHash(other.Validation) ? null : "it was validated on other rows");

    private static string? Difference<T>(string what, T mine, T others) where T : IEquatable<T> => mine.Equals(others)
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"it has {what} {others}, this training {mine}");

    private static string? Difference(string yes, string no, bool mine, bool others) =>
        mine == others ? null : $"it has {(others ? yes : no)}, this training {(mine ? yes : no)}";
}
