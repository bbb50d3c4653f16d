using Juice.Cli.Output;
using Spectre.Console;

namespace Juice.Cli.Training;

/// <summary>A bar that moves, on the terminal of a person; each epoch leaves its line above it.</summary>
internal sealed class LiveView : ITrainingView
{
    // Below this a line has no room for everything.
    private const int WideEnough = 110;
    private const int WidestBar = 30;
    private const int NarrowBar = 8;

    private readonly IAnsiConsole _console;
    private readonly bool _isWide;

    public LiveView(Terminal terminal)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Error), Interactive = InteractionSupport.Yes });
        _isWide = _console.Profile.Width >= WideEnough;
    }

    public T Work<T>(string description, Func<IProgress<double>, T> work) => Show(context =>
    {
        ProgressTask task = context.AddTask(Markup.Escape(description), maxValue: 1);
        T result = work(new Listener<double>(fraction => task.Value = fraction));
        task.Value = 1;
        return result;
    });

    public T Fit<T>(Func<IProgress<FitProgress>, T> fit) => Show(context =>
    {
        ProgressTask task = context.AddTask("starting", maxValue: 1);
        return fit(new Listener<FitProgress>(progress =>
        {
            task.MaxValue = (double)progress.Epochs * progress.TotalRows;
            task.Value = (double)(progress.Epoch - 1) * progress.TotalRows + progress.Rows;
            task.Description = Markup.Escape(Status(progress));
            if (progress.IsEpochEnd) _console.WriteLine(PlainView.EpochLine(progress));
        }));
    });

    private string Status(FitProgress progress)
    {
        string validation = progress.ValidationBitsPerDimension is double bpd ? $"  validation {PlainView.Bpd(bpd)}" : "";
        string speed = _isWide ? $"  {Units.Count((long)progress.RowsPerSecond)} rows/s" : "";
        string train = PlainView.Bpd(progress.TrainBitsPerDimension);
        return $"epoch {progress.Epoch}/{progress.Epochs}  train {train}{validation} bpd{speed}  {Units.Time(progress.TimeLeft)} left";
    }

    private T Show<T>(Func<ProgressContext, T> work) => _console.Progress()
        .AutoClear(true)
        .Columns(
            new ProgressBarColumn { Width = _isWide ? WidestBar : NarrowBar },
            new PercentageColumn(),
            new TaskDescriptionColumn { Alignment = Justify.Left })
        .StartAsync(context => Task.Run(() => work(context)))
        .GetAwaiter().GetResult();
}
