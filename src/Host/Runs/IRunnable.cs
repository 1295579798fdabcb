namespace Sim.Host.Runs;

/// <summary>A machine with its workload, as the run loop drives it.</summary>
public interface IRunnable
{
    /// <summary>Simulated time of the last dispatch, in picoseconds.</summary>
    long NowPs { get; }

    /// <summary>Events logged so far.</summary>
    long Events { get; }

    /// <summary>
    /// Dispatches messages, one after the other, and comes back between two of them: after
    /// <paramref name="dispatches"/>, at the end of the workload, or at a stop condition, which is looked at after every
    /// dispatch so that the batch size shows nowhere.
    /// </summary>
    StepStatus Step(int dispatches);

    /// <summary>What progress shows.</summary>
    RunSample Sample();

    /// <summary>The allocator and the workload as the summary and <c>stats.json</c> show them.</summary>
    RunOutcome Outcome();

    /// <summary>Hands the last, short block to the log. Nothing may be stepped afterwards.</summary>
    void CompleteLog();

    /// <summary>Hash of the logged sourced state.</summary>
    ulong StateHash();
}
