using Sim.Engine.Events;

namespace Sim.Engine.Log;

/// <summary>
/// Writes a log. Blocks pass through a short ring to a thread of the writer's own, which hashes, compresses and writes
/// them; the simulation waits when the ring is full, and is not influenced otherwise. Buffers go round: nothing is
/// allocated per block. End with <see cref="Complete"/>; without it the log stays unsealed.
/// </summary>
public sealed class LogWriter : IBlockSink, IDisposable
{
    private const int RingBlocks = 8;

    private readonly object _gate = new();
    private readonly RawBlock[] _ring = new RawBlock[RingBlocks];
    private readonly byte[][] _free = new byte[RingBlocks][];
    private readonly ILogStorage _storage;
    private readonly IDisposable _lock;
    private readonly SegmentWriter _segments;
    private readonly Thread _thread;
    private readonly BoundaryRequests _requests = new();
    private int _head, _count;
    private long _nextSequence;
    private bool _begun, _closing, _completed;
    private LogWriteException? _error;

    /// <summary>Starts a log in a folder that holds none.</summary>
    /// <param name="storage">The folder.</param>
    /// <param name="options">How it is stored.</param>
    /// <param name="identity">Whose it is.</param>
    /// <param name="catalogue">The events it may hold.</param>
    /// <param name="leftOut">Categories that are not logged; null for none. The journal gets the same.</param>
    /// <exception cref="LogWriteException">The folder cannot be written, holds a log, or has another writer.</exception>
    public LogWriter(
        ILogStorage storage, LogOptions options, LogIdentity identity, EventCatalogue catalogue,
        IReadOnlyCollection<string>? leftOut = null)
        : this(storage, options, FirstHeader(options, identity, catalogue, leftOut), resume: false)
    {
    }

    private LogWriter(ILogStorage storage, LogOptions options, SegmentHeader header, bool resume)
    {
        _storage = storage;
        _segments = new SegmentWriter(storage, options, header);
        IDisposable? taken = null;
        try
        {
            taken = storage.Lock();
            if (resume)
            {
                Resumed = ResumePoint.Find(storage, header);
                _segments.Resume(Resumed);
            }
            else if (storage.List().FirstOrDefault(name => LogFormat.TryParseSegmentName(name, out _)) is { } existing)
            {
                throw new IOException($"it already holds a log ({existing})");
            }
            else
            {
                _segments.Start();
            }
        }
        catch (Exception e)
        {
            LogWriteException? failure = e is IOException ? Failure(e) : null;
            try
            {
                _segments.Dispose();
            }
            catch (IOException)
            {
                // The first failure is the one to tell.
            }
            taken?.Dispose();
            if (failure is not null)
            {
                throw failure;
            }
            throw;
        }
        _lock = taken;
        _nextSequence = _segments.Events;
        for (int i = 0; i < RingBlocks; i++)
        {
            _free[i] = new byte[Journal.BufferBytes];
        }
        _thread = new Thread(Work) { IsBackground = true, Name = "log writer" };
        _thread.Start();
    }

    /// <summary>Starts a log in a directory, which is created.</summary>
    /// <exception cref="LogWriteException">The directory cannot be written, holds a log, or has another writer.</exception>
    public static LogWriter Create(
        string directory, LogOptions options, LogIdentity identity, EventCatalogue catalogue,
        IReadOnlyCollection<string>? leftOut = null)
    {
        var storage = new DirectoryStorage(directory);
        try
        {
            storage.CreateDirectory();
        }
        catch (IOException e)
        {
            throw new LogWriteException($"Cannot create {storage.Path}: {e.Message}", -1, e);
        }
        return new LogWriter(storage, options, identity, catalogue, leftOut);
    }

    /// <summary>
    /// Goes on with a log that was cut short, so that its bytes become those of an uninterrupted one. Takes the lock and
    /// examines the log, but changes nothing before the first new block: submit the first one that <see cref="Resumed"/>
    /// lacks, or the last one that it has when that was closed early, and all that follow.
    /// </summary>
    /// <inheritdoc cref="LogWriter(ILogStorage, LogOptions, LogIdentity, EventCatalogue, IReadOnlyCollection{string})"/>
    /// <exception cref="CorruptLogException">The log is damaged, beyond a torn tail.</exception>
    /// <exception cref="LogCompleteException">The log is complete.</exception>
    /// <exception cref="IncompatibleLogException">Another run, other options or another build wrote it.</exception>
    public static LogWriter Resume(
        ILogStorage storage, LogOptions options, LogIdentity identity, EventCatalogue catalogue,
        IReadOnlyCollection<string>? leftOut = null) =>
        storage is BranchStorage branch
            ? new(branch.Own, options, branch.Place(FirstHeader(options, identity, catalogue, leftOut)), resume: true)
            : new(storage, options, FirstHeader(options, identity, catalogue, leftOut), resume: true);

    /// <summary>Starts the own part of a branch's log: submit the blocks from <see cref="BranchStorage.Start"/> on.</summary>
    /// <inheritdoc cref="LogWriter(ILogStorage, LogOptions, LogIdentity, EventCatalogue, IReadOnlyCollection{string})"/>
    public static LogWriter Branch(
        BranchStorage storage, LogOptions options, LogIdentity identity, EventCatalogue catalogue,
        IReadOnlyCollection<string>? leftOut = null) =>
        new(storage.Own, options, storage.Place(FirstHeader(options, identity, catalogue, leftOut)), resume: false);

    /// <summary>What a resumed writer found; null for a new log.</summary>
    public ResumePoint? Resumed { get; }

    /// <summary>The chain's link after the last block; final once <see cref="Complete"/> has returned.</summary>
    public ChainHash ChainHash => Locked(s => s.ChainHash);

    /// <summary>Events written; final once <see cref="Complete"/> has returned.</summary>
    public long Events => Locked(s => s.Events);

    /// <summary>Bytes of all segments so far; of dropped ones those that stayed.</summary>
    public long BytesOnDisk => Locked(s => s.BytesOnDisk);

    /// <summary>Raw bytes of all blocks so far.</summary>
    public long RawBytes => Locked(s => s.RawBytes);

    /// <summary>The last event that the chosen durability promises to keep; -1 for none.</summary>
    public long DurableSequence => Locked(s => s.DurableSequence);

    /// <summary>
    /// Place and chain link of the block that starts with a sequence, as soon as the block before it is written; the block
    /// itself need not be closed. Ask while it is the open one: of blocks long written only the segment's own are known.
    /// </summary>
    /// <returns>Fails as the writer does, and with <see cref="InvalidOperationException"/> when the log ends before.</returns>
    /// <exception cref="ArgumentException">No block starts there, or one of an earlier segment does.</exception>
    public Task<LogBoundary> BoundaryBefore(long firstSequence)
    {
        lock (_segments)
        {
            if (_error is null && _segments.Find(firstSequence) is { } known)
            {
                return Task.FromResult(known);
            }
            if (_error is null && firstSequence < _segments.Events)
            {
                throw new ArgumentException($"No block of the last segment starts with event {firstSequence}.", nameof(firstSequence));
            }
            return _requests.Add(firstSequence);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="LogWriteException">Writing has failed; every later call throws the same.</exception>
    public byte[] Submit(in RawBlock block)
    {
        lock (_gate)
        {
            while (_count == RingBlocks && _error is null)
            {
                Monitor.Wait(_gate);
            }
            if (_error is not null)
            {
                throw _error;
            }
            if (_closing)
            {
                throw new InvalidOperationException("The log is complete; nothing can be added.");
            }
            if (block.FirstSequence != _nextSequence && (_begun || block.FirstSequence != Resumed?.LastBlock?.NextSequence))
            {
                throw new ArgumentException($"The block starts with event {block.FirstSequence}, expected {_nextSequence}.", nameof(block));
            }
            _begun = true;
            _nextSequence = block.FirstSequence + block.Count;
            _ring[(_head + _count) % RingBlocks] = block;
            byte[] buffer = _free[RingBlocks - 1 - _count];
            _count++;
            Monitor.PulseAll(_gate);
            return buffer;
        }
    }

    /// <summary>Waits until everything handed over is written, then seals the log. Call <see cref="Journal.Complete"/> before.</summary>
    /// <param name="provisional">The run was interrupted and may be resumed.</param>
    /// <exception cref="LogWriteException">Writing has failed, now or before.</exception>
    public void Complete(bool provisional = false)
    {
        Drain();
        if (_error is not null)
        {
            throw _error;
        }
        if (_completed)
        {
            return;
        }
        _completed = true;
        try
        {
            _segments.Seal(provisional ? SegmentEnd.Provisional : SegmentEnd.Complete);
        }
        catch (IOException e)
        {
            _error = Failure(e);
            throw _error;
        }
    }

    /// <summary>Ends the thread and lets go of the files. A log that was not completed stays unsealed.</summary>
    public void Dispose()
    {
        Drain();
        try
        {
            _segments.Dispose();
        }
        catch (IOException)
        {
            // Only a log that was not completed has a file open here, and nothing more is promised of it.
        }
        finally
        {
            _lock.Dispose();
        }
    }

    private void Drain()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.PulseAll(_gate);
        }
        _thread.Join();
    }

    private void Work()
    {
        try
        {
            while (TryTake(out RawBlock block))
            {
                lock (_segments)
                {
                    _segments.Write(in block);
                    _requests.Reached(_segments.End);
                }
                lock (_gate)
                {
                    _free[RingBlocks - _count] = block.Payload;
                    _head = (_head + 1) % RingBlocks;
                    _count--;
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _error = Failure(e);
                Monitor.PulseAll(_gate);
            }
        }
        lock (_segments)
        {
            _requests.End(_error ?? (Exception)new InvalidOperationException("The log ended before that event."));
        }
    }

    private bool TryTake(out RawBlock block)
    {
        lock (_gate)
        {
            while (_count == 0 && !_closing)
            {
                Monitor.Wait(_gate);
            }
            block = _count > 0 ? _ring[_head] : default;
            return _count > 0;
        }
    }

    private LogWriteException Failure(Exception e)
    {
        long durable = _segments.DurableSequence;
        string kept = durable < 0 ? "No event is surely on disk." : $"The last event that is surely on disk is {durable}.";
        return new LogWriteException($"Cannot write the log in {_storage.Path}: {e.Message.TrimEnd('.')}. {kept}", durable, e);
    }

    private static SegmentHeader FirstHeader(
        LogOptions options, LogIdentity identity, EventCatalogue catalogue, IReadOnlyCollection<string>? leftOut)
    {
        EventDescriptor[] descriptors = catalogue.Descriptors;
        return new SegmentHeader
        {
            Identity = identity,
            Segment = 0,
            FirstSequence = 0,
            ChainHash = ChainHash.Zero,
            RunningMaxTimePs = 0,
            Codec = options.Codec,
            SegmentRawBytes = options.SegmentRawBytes > 0
                ? options.SegmentRawBytes
                : throw new ArgumentException("A segment holds at least one raw byte.", nameof(options)),
            Categories = [.. descriptors.Select(d => d.Category).Distinct().Where(c => leftOut is null || !leftOut.Contains(c)).Order(StringComparer.Ordinal)],
            Catalogue = descriptors,
        };
    }

    private T Locked<T>(Func<SegmentWriter, T> read)
    {
        lock (_segments)
        {
            return read(_segments);
        }
    }
}
