namespace Juice;

/// <summary>How far a training is, and what of: what a checkpoint keeps beside the parameters.</summary>
internal readonly record struct TrainingState(
    TrainingIdentity Identity, ModelInfo Model, OptimizerMemory Optimizer, int PlannedEpochs, IReadOnlyList<FitEpoch> History, int BestEpoch, TimeSpan Elapsed);
