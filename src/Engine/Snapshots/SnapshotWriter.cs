using Sim.Engine.Log;

namespace Sim.Engine.Snapshots;

/// <summary>
/// Writes snapshots on a thread of its own, one at a time: full ones, and between them ones that have only the pages that
/// differ. A snapshot is a cache, so a failure ends the writing of snapshots and nothing else.
/// </summary>
public sealed class SnapshotWriter : IDisposable
{
    private const int MostOnOneBase = 16;

    private readonly ILogStorage _storage;
    private readonly LogIdentity _identity;
    private readonly Func<long, Task<LogBoundary>> _boundaryBefore;
    private readonly PageMatcher _matcher = new();
    private readonly List<int> _newPages = [];
    private readonly List<long> _written = [];
    private readonly SnapshotDraft _draft = new();
    private Task _work = Task.CompletedTask;
    private long _base = -1;
    private ulong _baseHash;
    private int _onBase;

    /// <param name="storage">The folder.</param>
    /// <param name="identity">The run.</param>
    /// <param name="boundaryBefore">Tells the chain's link before the block that starts with an event, once it is known.</param>
    public SnapshotWriter(ILogStorage storage, LogIdentity identity, Func<long, Task<LogBoundary>> boundaryBefore)
    {
        (_storage, _identity, _boundaryBefore) = (storage, identity, boundaryBefore);
    }

    /// <summary>Why snapshots are no longer written; null while they are.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>True when a snapshot may be taken: the one before is written, and none has failed.</summary>
    public bool IsReady => _work.IsCompleted && Failure is null;

    /// <summary>Sequences of the snapshots written, in order; to be read when ready, or after <see cref="Dispose"/>.</summary>
    public IReadOnlyList<long> Written => _written;

    /// <summary>Bytes of their files.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Takes a snapshot; call it between two dispatches, when <see cref="IsReady"/>.</summary>
    /// <param name="save">Fills the draft.</param>
    public void Take(Action<SnapshotDraft> save)
    {
        _draft.Image.Clear();
        save(_draft);
        _work = Task.Factory.StartNew(Write, TaskCreationOptions.LongRunning);
    }

    /// <summary>Gives up: the folder cannot be used.</summary>
    public void Fail(Exception cause) => Failure = cause;

    /// <summary>Waits for the snapshot under way.</summary>
    public void Wait() => _work.Wait();

    /// <inheritdoc cref="Wait"/>
    public void Dispose() => Wait();

    private void Write()
    {
        try
        {
            ChainHash before = _boundaryBefore(_draft.BlockFirst).GetAwaiter().GetResult().ChainHash;
            bool full = _base < 0 || _onBase == MostOnOneBase;
            List<PageRun> runs = _matcher.Match(_draft.Image, !full, _newPages);
            if (!full && _newPages.Count > _draft.Image.Pages / 2)
            {
                full = true;
                runs = _matcher.Match(_draft.Image, useBase: false, _newPages);
            }
            SnapshotHeader header = _draft.Header(_identity, before, runs, full ? -1 : _base, full ? 0 : _baseHash);
            BytesWritten += SnapshotFile.Write(_storage, header, _draft.Image, _newPages);
            _written.Add(_draft.Sequence);
            if (full)
            {
                _matcher.MakeBase();
                (_base, _baseHash, _onBase) = (header.Sequence, header.ImageHash, 0);
            }
            else
            {
                _onBase++;
            }
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }
}
