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
    private int _head, _count;
    private bool _closing, _completed;
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
    {
        _storage = storage;
        EventDescriptor[] descriptors = catalogue.Descriptors;
        var header = new SegmentHeader
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
        _segments = new SegmentWriter(storage, options, header);
        IDisposable? taken = null;
        try
        {
            taken = storage.Lock();
            if (storage.List().FirstOrDefault(name => LogFormat.TryParseSegmentName(name, out _)) is { } existing)
            {
                throw new IOException($"it already holds a log ({existing})");
            }
            _segments.Start();
        }
        catch (IOException e)
        {
            _segments.Dispose();
            taken?.Dispose();
            throw Failure(e);
        }
        _lock = taken;
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

    /// <summary>The chain's link after the last block; final once <see cref="Complete"/> has returned.</summary>
    public ChainHash ChainHash => Locked(s => s.ChainHash);

    /// <summary>Events written; final once <see cref="Complete"/> has returned.</summary>
    public long Events => Locked(s => s.Events);

    /// <summary>Bytes of all segments so far.</summary>
    public long BytesWritten => Locked(s => s.BytesWritten);

    /// <summary>Raw bytes of all blocks so far.</summary>
    public long RawBytes => Locked(s => s.RawBytes);

    /// <summary>The last event that the chosen durability promises to keep; -1 for none.</summary>
    public long DurableSequence => Locked(s => s.DurableSequence);

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
        _segments.Dispose();
        _lock.Dispose();
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

    private T Locked<T>(Func<SegmentWriter, T> read)
    {
        lock (_segments)
        {
            return read(_segments);
        }
    }
}
