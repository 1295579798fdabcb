namespace Sim.Host.Runs;

/// <summary>Why a run came back from <see cref="IRunnable.Step"/>.</summary>
public enum StepStatus
{
    /// <summary>The batch is done and there is more to do.</summary>
    More,

    /// <summary>The workload is done.</summary>
    Finished,

    /// <summary>A stop condition of the experiment is met.</summary>
    Stopped,
}

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

/// <summary>A look at a run under way.</summary>
/// <param name="SimulatedPs">Simulated time, in picoseconds.</param>
/// <param name="Events">Events logged.</param>
/// <param name="FreePages">Free frames of all zones.</param>
/// <param name="TotalPages">Managed frames of all zones.</param>
/// <param name="ExtfragIndex">The kernel's fragmentation index of order 9 in the zone with most memory, × 1000; -1000 when a block is free.</param>
/// <param name="Done">Share of the work done, 0 to 1; NaN when unknown.</param>
public readonly record struct RunSample(
    long SimulatedPs, long Events, long FreePages, long TotalPages, int ExtfragIndex, double Done);

/// <summary>What a run came to.</summary>
/// <param name="StopReason">Why it ended, in a few words.</param>
/// <param name="Zones">Free blocks per order of each zone that has memory.</param>
/// <param name="Counters">Counts by name, in a fixed order: allocations, faults, accesses and the like.</param>
public sealed record RunOutcome(string StopReason, IReadOnlyList<ZoneOutcome> Zones, IReadOnlyList<KeyValuePair<string, long>> Counters);

/// <summary>A zone at the end of a run.</summary>
/// <param name="Name">The kernel's name.</param>
/// <param name="FreeBlocks">Number of free blocks of each order.</param>
/// <param name="ExtfragIndex">The kernel's fragmentation index of each order, × 1000.</param>
public sealed record ZoneOutcome(string Name, IReadOnlyList<long> FreeBlocks, IReadOnlyList<int> ExtfragIndex);
