using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Replay;

/// <summary>
/// Folds a log into state: every event is decoded and applied by the handler that implements <see cref="IApply{T}"/> for
/// it, in order, from the first on. Goes forward only; to go back, fold anew into fresh state. Blocks are read and
/// decompressed on a second thread.
/// </summary>
public sealed class Fold
{
    private readonly LogReader _reader;
    private EventApplier[] _steps;
    private readonly EventApplier[] _skips;
    private readonly long[] _contexts = new long[EventDecoder.Contexts];
    private BlockBuffer _block = new();
    private BlockAddress? _next;
    private BlockAddress _current;
    private int _position;
    private bool _loaded;

    /// <param name="reader">The log; not used by others during a step of the fold.</param>
    /// <param name="catalogue">The events this build knows.</param>
    /// <param name="handlers">
    /// State to fold into, and observers; an event that several of them apply is applied in their order. Events that
    /// none applies are passed over.
    /// </param>
    public Fold(LogReader reader, EventCatalogue catalogue, IReadOnlyList<object> handlers)
        : this(reader, catalogue, handlers, 0, new SymbolTable())
    {
    }

    /// <summary>A fold that goes on from a state that was saved.</summary>
    /// <param name="nextSequence">Events that the handlers' state has.</param>
    /// <param name="symbols">Symbols announced by those.</param>
    /// <inheritdoc cref="Fold(LogReader, EventCatalogue, IReadOnlyList{object})"/>
    /// <exception cref="CorruptLogException">The block where it goes on is damaged.</exception>
    public Fold(LogReader reader, EventCatalogue catalogue, IReadOnlyList<object> handlers, long nextSequence, SymbolTable symbols)
    {
        _reader = reader;
        Symbols = symbols;
        _steps = FoldSteps.Bind(reader.Header.Catalogue, catalogue, handlers, symbols);
        _skips = FoldSteps.Skip(reader.Header.Catalogue);
        _next = reader.First;
        if (nextSequence > 0)
        {
            StartAt(nextSequence);
        }
    }

    /// <summary>Symbols announced so far.</summary>
    public SymbolTable Symbols { get; }

    /// <summary>Looks on after each event; null for nobody.</summary>
    public IFoldWatcher? Watcher { get; set; }

    /// <summary>Stops the fold between two blocks with an <see cref="OperationCanceledException"/>; it can be gone on with.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>Sequence of the next event; also the number of events folded.</summary>
    public long NextSequence { get; private set; }

    /// <summary>Greatest time of the events folded, in picoseconds.</summary>
    public long RunningMaxTimePs { get; private set; }

    /// <summary>Folds up to and including an event.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The log has no such event.</exception>
    /// <exception cref="InvalidOperationException">It was folded before.</exception>
    /// <exception cref="CorruptLogException">A block on the way is damaged.</exception>
    /// <exception cref="IncompatibleLogException">This build does not know an event on the way, and may not skip it.</exception>
    public void ToSequence(long sequence)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sequence, _reader.LastSequence);
        if (sequence < NextSequence - 1)
        {
            throw new InvalidOperationException($"The fold stands after event {NextSequence - 1} and cannot go back to {sequence}.");
        }
        Run(sequence, long.MaxValue);
    }

    /// <summary>Folds up to the last event before the first one that is later than a time.</summary>
    /// <inheritdoc cref="ToSequence" path="exception"/>
    public void ToTime(long timePs)
    {
        if (timePs < RunningMaxTimePs)
        {
            throw new InvalidOperationException($"The fold stands at {RunningMaxTimePs} ps and cannot go back to {timePs} ps.");
        }
        Run(_reader.LastSequence, timePs);
    }

    /// <summary>Folds to the end of the log.</summary>
    /// <inheritdoc cref="ToSequence" path="exception"/>
    public void ToEnd() => Run(_reader.LastSequence, long.MaxValue);

    private void StartAt(long sequence)
    {
        if (sequence == _reader.Events)
        {
            (NextSequence, RunningMaxTimePs, _next) = (sequence, _reader.RunningMaxTimePs, null);
            return;
        }
        BlockAddress address = _reader.FindSequence(sequence)
            ?? throw new ArgumentOutOfRangeException(nameof(sequence), sequence, "The log has no such event.");
        _next = address;
        NextSequence = _reader.Index(address.Segment)[address.Block].FirstSequence;
        RunningMaxTimePs = _reader.TimeBefore(address);
        if (sequence > NextSequence)
        {
            (EventApplier[] steps, IFoldWatcher? watcher) = (_steps, Watcher);
            _steps = _skips;
            Watcher = null;
            Run(sequence - 1, long.MaxValue);
            (_steps, Watcher) = (steps, watcher);
        }
    }

    private void Run(long lastSequence, long lastTimePs)
    {
        try
        {
            RunBlocks(lastSequence, lastTimePs);
        }
        catch (CorruptLogException e) when (e.Segment is null)
        {
            ReadOnlySpan<BlockIndexEntry> index = _reader.Index(_current.Segment);
            throw new CorruptLogException(
                e.What, LogFormat.SegmentName(index[0].FirstSequence), _current.Block, index[_current.Block].Offset);
        }
    }

    private void RunBlocks(long lastSequence, long lastTimePs)
    {
        BlockPrefetcher? prefetcher = null;
        try
        {
            bool timeReached = false;
            while (NextSequence <= lastSequence && !timeReached && !Cancellation.IsCancellationRequested)
            {
                if (!_loaded)
                {
                    prefetcher ??= new BlockPrefetcher(_reader, _next!.Value);
                    if (!prefetcher.Exchange(ref _block, out _current))
                    {
                        throw new CorruptLogException($"the log ends before event {NextSequence}");
                    }
                    _loaded = true;
                    _position = 0;
                    Array.Clear(_contexts);
                }
                timeReached = !RunBlock(lastSequence, lastTimePs);
            }
        }
        finally
        {
            prefetcher?.Dispose();
        }
        if (prefetcher is not null)
        {
            _next = _reader.Next(_current);
        }
        if (NextSequence <= lastSequence)
        {
            Cancellation.ThrowIfCancellationRequested();
        }
    }

    // False when the time is reached.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool RunBlock(long lastSequence, long lastTimePs)
    {
        ref readonly BlockHeader header = ref _block.Header;
        ReadOnlySpan<byte> payload = _block.Payload;
        long sequence = NextSequence, end = header.FirstSequence + header.Count;
        long stop = Math.Min(end, lastSequence + 1), runningMax = RunningMaxTimePs;
        var decoder = new EventDecoder(payload[_position..], ref _contexts[0]);
        IFoldWatcher? watcher = Watcher;
        int start = 0;
        bool timeReached = false;
        while (sequence < stop)
        {
            start = decoder.Position;
            long timeBefore = _contexts[EventDecoder.DeltaGroups];
            EventHeader e = decoder.ReadEventHeader(sequence, out int kind, out int fieldCount);
            if (e.TimePs > lastTimePs)
            {
                _contexts[EventDecoder.DeltaGroups] = timeBefore;
                timeReached = true;
                break;
            }
            _steps[kind].DecodeAndApply(ref decoder, fieldCount, in e);
            watcher?.After(kind, in e);
            runningMax = Math.Max(runningMax, e.TimePs);
            sequence++;
        }
        NextSequence = sequence;
        RunningMaxTimePs = runningMax;
        _position += timeReached ? start : decoder.Position;
        _loaded = sequence < end;
        if (!_loaded && _position != payload.Length)
        {
            throw new CorruptLogException($"{payload.Length - _position} bytes follow event {sequence - 1}, the last of its block");
        }
        return !timeReached;
    }
}
