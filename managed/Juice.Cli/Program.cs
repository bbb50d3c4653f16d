using System.Runtime.InteropServices;
using Juice.Cli;

// Ctrl-C asks the running command to stop where it can be stopped; a second one ends the process at once.
using CancellationTokenSource stop = new();
Action<PosixSignalContext> onSignal = context =>
{
    if (stop.IsCancellationRequested) return;
    context.Cancel = true;
    stop.Cancel();
};
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, onSignal);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, onSignal);

return await Tool.RunAsync(args, Terminal.Process(), stop.Token);
