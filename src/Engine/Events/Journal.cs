using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Sim.Engine.Log;
using Sim.Engine.Snapshots;

namespace Sim.Engine.Events;

/// <summary>
/// Where every state change is written down. A component decides, emits the event here, and applies it to its state:
/// <code>var header = journal.Emit(in e, cause); state.Apply(in e, in header);</code>
/// Events are encoded here and now; hashing, compression and writing happen behind <see cref="IBlockSink"/>.
/// Allocates nothing per event. Not thread-safe.
/// </summary>
public sealed class Journal : ISnapshotState
{
    /// <summary>A block closes before the event that would push its raw payload past this many bytes.</summary>
    public const int BlockBytes = 128 * 1024;

    /// <summary>Length of payload arrays: a full block and one event beyond it.</summary>
    public const int BufferBytes = BlockBytes + 64 * 1024 + 256;

    private const int TimeContext = EventDecoder.DeltaGroups;

    [NotInSnapshot]
    private readonly IBlockSink _sink;
    private readonly int _blockBytes;
    private readonly bool[] _logged;
    private readonly long[] _contexts = new long[EventDecoder.Contexts];
    private readonly SymbolTable _symbols = new();
    [NotInSnapshot]
    private byte[] _buffer = new byte[BufferBytes];
    private int _length;
    private long _blockFirst;
    private long _minTimePs = long.MaxValue, _maxTimePs = long.MinValue, _runningMaxPs;

    /// <param name="sink">Receives closed blocks.</param>
    /// <param name="catalogue">The events that may be emitted.</param>
    /// <param name="leftOut">Categories that are not logged; null for none.</param>
    /// <param name="blockBytes">Most raw bytes of a block. Logs of runs have <see cref="BlockBytes"/>.</param>
    public Journal(
        IBlockSink sink, EventCatalogue catalogue, IReadOnlyCollection<string>? leftOut = null, int blockBytes = BlockBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockBytes, BlockBytes);
        _sink = sink;
        _blockBytes = blockBytes;
        _logged = new bool[EventCatalogue.MaxKinds];
        foreach (EventType type in catalogue.Types)
        {
            _logged[type.Descriptor.Kind] = leftOut is null || !leftOut.Contains(type.Descriptor.Category);
        }
    }

    /// <summary>Time stamped on the events that follow, in picoseconds. A CPU that runs ahead of the clock sets its own.</summary>
    public long TimePs { get; set; }

    /// <summary>Sequence the next logged event gets; also the number of events logged so far.</summary>
    public long NextSequence { get; private set; }

    /// <summary>Symbols announced so far.</summary>
    public SymbolTable Symbols => _symbols;

    /// <summary>True when events of the kind are logged.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsLogged<T>() where T : unmanaged, IEvent<T> =>
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_logged), T.Kind);

    /// <summary>
    /// Logs an event. Its header goes to <c>Apply</c>, and its sequence is the cause of what follows from it. An event of
    /// a category left out gets the sequence of its cause: the nearest logged ancestor.
    /// </summary>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    /// <exception cref="IOException">The log can no longer be written.</exception>
    public EventHeader Emit<T>(in T e, long cause) where T : unmanaged, IEvent<T>
    {
        if (!IsLogged<T>())
        {
            return new EventHeader(cause, TimePs, cause);
        }
        long timePs = TimePs;
        int length = Write(in e, timePs, cause);
        if (_length + length > _blockBytes && _length > 0)
        {
            length = WriteInNextBlock(e, timePs, cause);
        }
        return Advance(length, timePs, cause);
    }

    /// <summary>The id of a string; logs a <c>symbol</c> event at its first use.</summary>
    /// <exception cref="ArgumentException">The string is longer than 4,096 bytes of UTF-8.</exception>
    public int Intern(string name)
    {
        if (name.Length == 0)
        {
            return 0;
        }
        if (_symbols.TryGetId(name, out int id))
        {
            return id;
        }
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        if (utf8.Length > SymbolEvent.MaxBytes)
        {
            throw new ArgumentException($"A symbol has at most {SymbolEvent.MaxBytes} bytes of UTF-8, this one has {utf8.Length}.", nameof(name));
        }
        id = _symbols.Add(name);
        if (_length + utf8.Length + 32 > _blockBytes && _length > 0)
        {
            CloseBlock();
        }
        var encoder = new EventEncoder(
            ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buffer), _length),
            ref MemoryMarshal.GetArrayDataReference(_contexts));
        encoder.WriteArrayHeader(5);
        encoder.Write((long)SymbolEvent.Kind);
        WriteTime(ref encoder, TimePs);
        encoder.Write(0L);
        encoder.Write((long)id);
        encoder.WriteString(utf8);
        Advance(encoder.Length, TimePs, -1);
        return id;
    }

    /// <summary>Hands over the events not yet handed over as a last, short block. Nothing may be emitted afterwards.</summary>
    public void Complete()
    {
        if (NextSequence > _blockFirst)
        {
            CloseBlock();
        }
    }

    /// <summary>Sequence of the first event of the block under way.</summary>
    public long BlockFirst => _blockFirst;

    /// <summary>Raw payload of the block under way, so far.</summary>
    public ReadOnlySpan<byte> OpenBlock => _buffer.AsSpan(0, _length);

    /// <inheritdoc/>
    void ISnapshotState.Visit(StateVisitor visitor) => visitor.Bytes(_buffer.AsSpan(0, _length));

    /// <summary>Encodes an event behind the block's others; returns its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Write<T>(in T e, long timePs, long cause) where T : unmanaged, IEvent<T>
    {
        var encoder = new EventEncoder(
            ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buffer), _length),
            ref MemoryMarshal.GetArrayDataReference(_contexts));
        encoder.WriteArrayHeader(3 + T.FieldCount);
        encoder.Write((long)T.Kind);
        WriteTime(ref encoder, timePs);
        encoder.Write(cause < 0 ? 0L : NextSequence - cause);
        T.Encode(ref encoder, in e);
        return encoder.Length;
    }

    // Apart, and by value, so that callers which keep the event in registers may go on doing so.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int WriteInNextBlock<T>(T e, long timePs, long cause) where T : unmanaged, IEvent<T>
    {
        CloseBlock();
        return Write(in e, timePs, cause);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteTime(ref EventEncoder encoder, long timePs)
    {
        ref long last = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_contexts), TimeContext);
        encoder.WriteZigZag(timePs - last);
        last = timePs;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private EventHeader Advance(int length, long timePs, long cause)
    {
        _length += length;
        _minTimePs = Math.Min(_minTimePs, timePs);
        _maxTimePs = Math.Max(_maxTimePs, timePs);
        return new EventHeader(NextSequence++, timePs, cause);
    }

    private void CloseBlock()
    {
        _runningMaxPs = Math.Max(_runningMaxPs, _maxTimePs);
        var block = new RawBlock
        {
            Payload = _buffer,
            Length = _length,
            FirstSequence = _blockFirst,
            Count = checked((int)(NextSequence - _blockFirst)),
            MinTimePs = _minTimePs,
            MaxTimePs = _maxTimePs,
            RunningMaxTimePs = _runningMaxPs,
        };
        _buffer = _sink.Submit(in block);
        _length = 0;
        _blockFirst = NextSequence;
        _minTimePs = long.MaxValue;
        _maxTimePs = long.MinValue;
        Array.Clear(_contexts);
    }
}
