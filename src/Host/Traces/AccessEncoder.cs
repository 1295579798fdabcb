using System.Buffers.Binary;

namespace Sim.Host.Traces;

/// <summary>Encodes the accesses of one chunk into three columns: tokens, address differences, escaped sizes.</summary>
internal sealed class AccessEncoder
{
    private readonly ulong[] _targets = new ulong[AccessCode.Slots];
    private readonly ulong[] _data = new ulong[AccessCode.Slots];
    private byte[] _tokens = new byte[1 << 16];
    private byte[] _deltas = new byte[1 << 16];
    private byte[] _escapes = new byte[64];
    private int _deltaLength;
    private int _escapeLength;
    private ulong _sequentialFetch;
    private ulong _lastData;
    private uint _instructionSlot;
    private uint _ordinal;

    internal int Count { get; private set; }

    internal ReadOnlySpan<byte> Tokens => _tokens.AsSpan(0, Count);

    internal ReadOnlySpan<byte> Deltas => _deltas.AsSpan(0, _deltaLength);

    internal ReadOnlySpan<byte> Escapes => _escapes.AsSpan(0, _escapeLength);

    internal void Reset()
    {
        Array.Clear(_targets);
        Array.Clear(_data);
        Count = _deltaLength = _escapeLength = 0;
        _sequentialFetch = _lastData = 0;
        _instructionSlot = _ordinal = 0;
    }

    internal void Add(TraceRecordKind kind, ulong address, uint size)
    {
        ulong predicted = kind == TraceRecordKind.Fetch ? PredictFetch(address, size) : PredictData(address);
        long delta = unchecked((long)(address - predicted));
        int deltaClass = AccessCode.DeltaClass(delta);
        int sizeCode = AccessCode.SizeCode(kind, size);
        if (Count == _tokens.Length)
        {
            Array.Resize(ref _tokens, 2 * Count);
        }

        _tokens[Count++] = (byte)((int)kind | (sizeCode << 2) | (deltaClass << 6));
        AppendDelta(delta, AccessCode.DeltaLengths[deltaClass]);
        if (sizeCode == AccessCode.EscapedSize)
        {
            AppendEscape(size);
        }
    }

    private ulong PredictFetch(ulong address, uint size)
    {
        ref ulong target = ref _targets[_instructionSlot];
        ulong predicted = target == 0 ? _sequentialFetch : target;
        target = address;
        _sequentialFetch = unchecked(address + size);
        _instructionSlot = AccessCode.Slot(address);
        _ordinal = 0;
        return predicted;
    }

    private ulong PredictData(ulong address)
    {
        ref ulong previous = ref _data[AccessCode.DataSlot(_instructionSlot, _ordinal++)];
        ulong predicted = previous == 0 ? _lastData : previous;
        previous = address;
        _lastData = address;
        return predicted;
    }

    private void AppendDelta(long delta, int length)
    {
        if (_deltaLength + 8 > _deltas.Length)
        {
            Array.Resize(ref _deltas, 2 * _deltas.Length);
        }

        BinaryPrimitives.WriteInt64LittleEndian(_deltas.AsSpan(_deltaLength), delta);
        _deltaLength += length;
    }

    private void AppendEscape(uint size)
    {
        if (_escapeLength + 4 > _escapes.Length)
        {
            Array.Resize(ref _escapes, 2 * _escapes.Length);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(_escapes.AsSpan(_escapeLength), size);
        _escapeLength += 4;
    }
}
