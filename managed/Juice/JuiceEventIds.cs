namespace Juice;

/// <summary>The event ids of the library's log messages; no two messages share one. 1 … 99: training; 100 … 199: the process's log.</summary>
public static class JuiceEventIds
{
    /// <summary>Information: a training began.</summary>
    public const int TrainingStarted = 1;

    /// <summary>Information: an epoch without validation ended.</summary>
    public const int EpochEnded = 2;

    /// <summary>Information: an epoch with validation ended.</summary>
    public const int EpochValidated = 3;

    /// <summary>Warning: rows of the epoch have likelihood 0 and contributed nothing.</summary>
    public const int ImpossibleRows = 4;

    /// <summary>Information: patience ended the training.</summary>
    public const int StoppedEarly = 5;

    /// <summary>Information: the model went back to the parameters of its best epoch.</summary>
    public const int KeptBest = 6;

    /// <summary>Information: a training came to its end.</summary>
    public const int TrainingEnded = 7;

    /// <summary>Information: a training was cancelled.</summary>
    public const int TrainingCancelled = 8;

    /// <summary>Error: a training failed; the exception comes with it, and out of the call.</summary>
    public const int TrainingFailed = 9;

    /// <summary>Information: a training went on from a checkpoint.</summary>
    public const int TrainingResumed = 10;

    /// <summary>Debug: a checkpoint was written.</summary>
    public const int CheckpointWritten = 11;

    /// <summary>Warning: a checkpoint could not be written; the training goes on.</summary>
    public const int CheckpointFailed = 12;

    /// <summary>Warning: a training goes on with another instruction set or split of its batches: the same within rounding, not bit for bit.</summary>
    public const int ResumedElsewhere = 13;

    /// <summary>A line of the native library, at its own level.</summary>
    public const int NativeLine = 100;

    /// <summary>Debug: a circuit was compiled.</summary>
    public const int Compiled = 101;
}
