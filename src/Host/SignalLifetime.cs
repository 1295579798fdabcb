using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace Sim.Host;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the command to stop at the next dispatch boundary, the second ends the process at once.
/// A session at a terminal may take Ctrl-C for itself (<see cref="Interrupts"/>).
/// </summary>
internal sealed class SignalLifetime(IHostApplicationLifetime application, Interrupts interrupts) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (context.Signal == PosixSignal.SIGINT && interrupts.TryHandOn())
        {
            return;
        }
        if (Interlocked.Increment(ref _signals) > 1)
        {
            Environment.Exit((int)ExitCode.Interrupted);
        }
        application.StopApplication();
    }
}
