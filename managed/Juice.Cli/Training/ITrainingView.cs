namespace Juice.Cli.Training;

/// <summary>Shows a training while it goes on.</summary>
internal interface ITrainingView
{
    /// <summary>Shows some work that tells its fraction.</summary>
    T Work<T>(string description, Func<IProgress<double>, T> work);

    /// <summary>Shows epochs.</summary>
    T Fit<T>(Func<IProgress<FitProgress>, T> fit);

    static ITrainingView For(Terminal terminal) => terminal.ErrorIsInteractive ? new LiveView(terminal) : new PlainView(terminal);
}
