using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>
/// Takes the snapshots of a run under way. Where the experiment says when, the run waits until the one before is written; by
/// default the next is a little late instead.
/// </summary>
internal sealed class Snapshotter : IDisposable
{
    /// <summary>Events between two snapshots where nothing else is asked for: what a fold does in about a sixth of a second.</summary>
    public const long DefaultEvents = 2 << 20;

    /// <summary>Least number of events per page frame between two snapshots by default, so that snapshots do not outgrow the log.</summary>
    private const long EventsPerFrame = 4;

    private readonly DirectoryStorage _storage;
    private readonly SnapshotWriter _writer;
    private readonly bool _isAskedFor;
    private readonly long _everyEvents, _everyPs;
    private long _nextEvents, _nextPs, _touchedSince;
    private bool _isTidied;

    /// <param name="directory">The run.</param>
    /// <param name="settings">How often.</param>
    /// <param name="frames">Page frames of the machine.</param>
    /// <param name="identity">The run's, as the log's header has it.</param>
    /// <param name="boundaryBefore">Tells the chain's link before the block that starts with an event, once it is known.</param>
    public Snapshotter(
        RunDirectory directory, SnapshotSettings settings, long frames, LogIdentity identity, Func<long, Task<LogBoundary>> boundaryBefore)
    {
        _storage = new DirectoryStorage(directory.SnapshotsPath);
        _writer = new SnapshotWriter(_storage, identity, boundaryBefore);
        _everyEvents = settings.EveryEvents switch
        {
            0 => long.MaxValue,
            { } every => every,
            null => Math.Max(DefaultEvents, EventsPerFrame * frames),
        };
        _everyPs = settings.Every?.Ps ?? long.MaxValue;
        _isAskedFor = settings != new SnapshotSettings();
        IsOff = settings.EveryEvents == 0 && settings.Every is null;
    }

    /// <summary>No snapshots are wanted.</summary>
    public bool IsOff { get; }

    /// <summary>Why snapshots are no longer written; null while they are.</summary>
    public Exception? Failure => _writer.Failure;

    /// <summary>Counts from here on.</summary>
    public void Begin(IRunnable machine)
    {
        machine.TakeTouched();
        _touchedSince = machine.Events;
        _nextEvents = Later(machine.Events, _everyEvents);
        _nextPs = Later(machine.NowPs, _everyPs);
    }

    /// <summary>Takes a snapshot if one is due.</summary>
    /// <returns>How many events are to be logged before the next.</returns>
    public long Between(IRunnable machine)
    {
        if ((machine.Events >= _nextEvents || machine.NowPs >= _nextPs) && !IsOff)
        {
            if (_isAskedFor)
            {
                _writer.Wait();
            }
            if (_writer.IsReady)
            {
                Take(machine);
            }
        }
        return machine.Events < _nextEvents ? _nextEvents : long.MaxValue;
    }

    /// <summary>Takes one last snapshot: the run is interrupted here.</summary>
    public void Interrupt(IRunnable machine)
    {
        _writer.Wait();
        if (_writer.IsReady && !IsOff)
        {
            Take(machine);
        }
    }

    /// <summary>Waits for the snapshot under way.</summary>
    public void Dispose() => _writer.Dispose();

    private void Take(IRunnable machine)
    {
        try
        {
            _storage.CreateDirectory();
            if (!_isTidied)
            {
                SnapshotFile.DeleteUnfinished(_storage);
                _isTidied = true;
            }
        }
        catch (IOException e)
        {
            _writer.Fail(e);
            return;
        }
        _writer.Take(draft =>
        {
            machine.Save(draft);
            draft.Attachment = new TouchedFrames(_touchedSince, machine.TakeTouched()).ToBytes();
        });
        _touchedSince = machine.Events;
        _nextEvents = Later(machine.Events, _everyEvents);
        _nextPs = Later(machine.NowPs, _everyPs);
    }

    private static long Later(long now, long every) => every == long.MaxValue ? long.MaxValue : now + every;
}
