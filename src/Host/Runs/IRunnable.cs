using Sim.Engine.Snapshots;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>A machine with its workload, as the run loop drives it.</summary>
public interface IRunnable
{
    /// <summary>Simulated time of the last dispatch, in picoseconds.</summary>
    long NowPs { get; }

    /// <summary>Events logged so far.</summary>
    long Events { get; }

    /// <summary>Messages dispatched so far.</summary>
    long Dispatched { get; }

    /// <summary>Which frames were looked at or changed since the last call; see <see cref="Kernel.Zones.FrameTable.TakeTouched"/>.</summary>
    byte[] TakeTouched();

    /// <summary>Powers on: boots, and starts the first phase. Either this or <see cref="Load"/>, once, before the first step.</summary>
    void Start();

    /// <summary>Saves the whole state, sourced and execution state, as it is between two dispatches.</summary>
    /// <param name="draft">Gets the state and its place in the log; its image is empty.</param>
    /// <exception cref="NotSupportedException">Something in it cannot be saved.</exception>
    /// <param name="objects">If not null, gets where in the image each object starts.</param>
    void Save(SnapshotDraft draft, IList<(long Offset, Type Type)>? objects = null);

    /// <summary>Restores a saved state into a machine that was just built from the same configuration.</summary>
    /// <exception cref="InvalidDataException">The image is of another machine or build.</exception>
    void Load(StateImage image);

    /// <summary>Goes on, after <see cref="Load"/>, from the state of a run of another configuration.</summary>
    /// <param name="before">That configuration.</param>
    void Reconfigured(Experiment before);

    /// <summary>Looks at the stop conditions without dispatching anything.</summary>
    StepStatus Look();

    /// <summary>
    /// Dispatches messages, one after the other, and comes back between two of them: after
    /// <paramref name="dispatches"/>, at the end of the workload, or at a stop condition, which is looked at after every
    /// dispatch so that the batch size shows nowhere.
    /// </summary>
    /// <param name="dispatches">At most so many.</param>
    /// <param name="pauseAtEvents">Comes back when so many events are logged.</param>
    StepStatus Step(int dispatches, long pauseAtEvents = long.MaxValue);

    /// <summary>What progress shows.</summary>
    RunSample Sample();

    /// <summary>The allocator and the workload as the summary and <c>stats.json</c> show them.</summary>
    RunOutcome Outcome();

    /// <summary>Hands the last, short block to the log. Nothing may be stepped afterwards.</summary>
    void CompleteLog();

    /// <summary>From now on every use of a TLB entry is compared with the page tables; the run is the same.</summary>
    void CheckTranslations();

    /// <summary>Hash of the logged sourced state.</summary>
    ulong StateHash();
}
