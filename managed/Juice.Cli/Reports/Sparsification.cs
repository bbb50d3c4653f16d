using System.Text.Json;
using Juice.Cli.Training;

namespace Juice.Cli.Reports;

/// <summary>A run of <c>juice sparsify</c>, as a model's file tells it.</summary>
/// <param name="Rounds">What every round made.</param>
/// <param name="BestRound">The round that the model is from; 0: the model that it began with; null: the last one, nobody compared them.</param>
/// <param name="Settings">Its settings, by name.</param>
internal sealed record Sparsification(IReadOnlyList<SparsifyRound> Rounds, int? BestRound, IReadOnlyDictionary<string, string> Settings)
{
    public static Sparsification Of(JsonElement run, IReadOnlyDictionary<string, string> settings)
    {
        SparsifyRound[] rounds =
        [
            .. TrainingHistory.Items(run, TrainingMetadata.Rounds).Select((round, i) => new SparsifyRound(
                i + 1, Whole(round, "edges_before"), Whole(round, "edges_pruned"), Whole(round, "edges"), TrainingHistory.Real(round, "train_bpd") ?? double.NaN,
                TrainingHistory.Real(round, "validation_bpd"))),
        ];
        return new(rounds, (int?)TrainingHistory.Real(run, TrainingMetadata.BestRound), settings);
    }

    private static long Whole(JsonElement round, string name) => (long)(TrainingHistory.Real(round, name) ?? 0);
}
