using Sim.Host.Captures;
using Sim.Host.Traces;
using Sim.Kernel.Boot;

namespace Sim.Host.Experiments;

/// <summary>Lists of a captured kernel that the machine begins with: it has aged already.</summary>
public sealed record ListsSettings
{
    [Setting("A capture's states.txt, plain or gzip-compressed; relative to the experiment file.", Required = true)]
    public InputFile States { get; init; }

    [Setting("The state to begin with, such as snap00.", Pattern = Experiment.NamePattern)]
    public string State { get; init; } = "snap00";

    [Setting("This kernel makes page tables and caches of its own, in frames that are on no list and in pages from the lists. False leaves every page to the workload.")]
    public bool OwnKernel { get; init; } = true;

    /// <summary>Reads the lists.</summary>
    /// <exception cref="ExperimentException">The file cannot be read, or has no such state.</exception>
    internal CapturedLists Load()
    {
        try
        {
            return CapturedStates.Read(States.Path).Get(State) with { OwnKernel = OwnKernel };
        }
        catch (TraceFormatException e)
        {
            throw new ExperimentException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExperimentException($"The states {States} cannot be read: {e.Message}", e);
        }
    }
}
