using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Sim.Host.Traces;

/// <summary>
/// Writes a trace in format version 1. Equal calls give equal bytes. Nothing stands under the file's name until <see cref="Finish"/>;
/// disposing before that leaves nothing behind. I/O errors come out as <see cref="IOException"/>.
/// </summary>
public sealed class TraceWriter : IDisposable
{
    /// <summary>Brotli quality of an ordinary import.</summary>
    public const int DefaultQuality = 9;

    private const int BrotliWindowBits = 24;

    private readonly FinishedFile _file;
    private readonly string _metadata;
    private readonly int _quality;
    private readonly AccessEncoder _accesses = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, int> _symbols = new(StringComparer.Ordinal);
    private readonly long[] _counts = new long[4];
    private readonly byte[] _events = new byte[TraceFormat.MaxChunkEvents * TraceFormat.MaxEventBytes];
    private readonly byte[] _strings = new byte[TraceFormat.MaxChunkStringBytes];
    private int _eventLength;
    private int _eventCount;
    private int _stringLength;
    private int _lastEventAccess;
    private byte[] _raw = [];
    private byte[] _compressed = [];
    private long _totalEvents;
    private long _chunks;

    /// <summary>Starts a trace.</summary>
    /// <param name="path">File to be.</param>
    /// <param name="metadata"><c>key: value</c> lines, at most 64 KiB in UTF-8, that say where the trace comes from.</param>
    /// <param name="quality">Brotli quality, 0 to 11. It changes the file's size and not the content hash.</param>
    public TraceWriter(string path, string metadata, int quality = DefaultQuality)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(metadata), TraceFormat.MaxMetadataBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(quality);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 11);
        _metadata = metadata;
        _quality = quality;
        _file = new FinishedFile(path);
        _file.Stream.Write(Header(0).Encode());
    }

    /// <summary>Accesses added so far: the position of the next event.</summary>
    public long Accesses => _counts[0] + _counts[1] + _counts[2] + _counts[3];

    /// <summary>Adds one access of 1 to 4,096 bytes.</summary>
    public void AddAccess(TraceRecordKind kind, ulong address, uint size)
    {
        if (kind > TraceRecordKind.Modify || size - 1 >= TraceFormat.MaxAccessSize)
        {
            throw new ArgumentOutOfRangeException(nameof(size), $"{kind} of {size} bytes is no access.");
        }

        if (_accesses.Count == TraceFormat.MaxChunkAccesses)
        {
            FlushChunk();
        }

        _accesses.Add(kind, address, size);
        _counts[(int)kind]++;
    }

    /// <summary>Adds an event at the present place; its <see cref="TraceEvent.Position"/> is not read.</summary>
    public void AddEvent(in TraceEvent e)
    {
        if (!e.IsPlausible || e.SymbolId >= _symbols.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(e), $"{e.Kind} {e.Argument0:x},{e.Argument1:x} with symbol {e.SymbolId} is no event.");
        }

        if (_eventCount == TraceFormat.MaxChunkEvents)
        {
            FlushChunk();
        }

        _eventLength += EventCodec.Encode(in e, (ulong)(_accesses.Count - _lastEventAccess), _events.AsSpan(_eventLength));
        _lastEventAccess = _accesses.Count;
        _eventCount++;
        _totalEvents++;
    }

    /// <summary>Adds a range that the kernel touched for a system call, split where it is longer than a record can say.</summary>
    public void AddKernelRange(TraceRecordKind kind, uint threadId, uint syscallNumber, ulong address, ulong length)
    {
        const ulong Longest = 1u << 30;
        for (ulong done = 0; done < length; done += Longest)
        {
            AddEvent(TraceEvent.KernelRange(kind, threadId, syscallNumber, unchecked(address + done), Math.Min(Longest, length - done)));
        }
    }

    /// <summary>The number of a file's name, for <see cref="TraceEvent.SymbolId"/>. Names beyond 4,096 bytes are cut.</summary>
    /// <exception cref="InvalidOperationException">The trace has 1,048,576 names already.</exception>
    public int Intern(string symbol) => TryIntern(symbol, out int id)
        ? id
        : throw new InvalidOperationException($"A trace names at most {TraceFormat.MaxSymbols} files.");

    /// <summary>As <see cref="Intern"/>; false, and nothing done, when the trace has no room for another name.</summary>
    internal bool TryIntern(string symbol, out int id)
    {
        if (_symbols.TryGetValue(symbol, out id))
        {
            return true;
        }

        Span<byte> utf8 = stackalloc byte[TraceFormat.MaxSymbolBytes];
        Encoding.UTF8.TryGetBytes(symbol, utf8, out int length);
        if (length == 0 && symbol.Length > 0)
        {
            Encoder encoder = Encoding.UTF8.GetEncoder();
            encoder.Convert(symbol, utf8, flush: false, out _, out length, out _);
        }

        if (_symbols.Count == TraceFormat.MaxSymbols)
        {
            return false;
        }

        if (_stringLength + 2 + length > _strings.Length)
        {
            FlushChunk();
        }

        BinaryPrimitives.WriteUInt16LittleEndian(_strings.AsSpan(_stringLength), (ushort)length);
        utf8[..length].CopyTo(_strings.AsSpan(_stringLength + 2));
        _stringLength += 2 + length;
        id = _symbols.Count;
        _symbols.Add(symbol, id);
        return true;
    }

    /// <summary>Writes what is left and the counts, flushes to the disk and puts the file under its name.</summary>
    public TraceHeader Finish()
    {
        FlushChunk();
        TraceHeader header = Header(_file.Stream.Position) with { ContentHash = _hash.GetHashAndReset() };
        _file.Stream.Position = 0;
        _file.Stream.Write(header.Encode());
        _file.Commit();
        return header;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hash.Dispose();
        _file.Dispose();
    }

    private TraceHeader Header(long fileLength) => new()
    {
        Fetches = _counts[0],
        Loads = _counts[1],
        Stores = _counts[2],
        Modifies = _counts[3],
        Events = _totalEvents,
        Chunks = _chunks,
        FileLength = fileLength,
        ContentHash = new byte[32],
        Metadata = _metadata,
    };

    private void FlushChunk()
    {
        if (_accesses.Count == 0 && _eventCount == 0 && _stringLength == 0)
        {
            return;
        }

        ChunkFrame frame = new(
            (uint)_chunks, _accesses.Count, _eventCount, _stringLength, _eventLength, _accesses.Deltas.Length, _accesses.Escapes.Length);
        int rawLength = frame.RawLength;
        if (_raw.Length < rawLength)
        {
            _raw = new byte[rawLength];
            _compressed = new byte[TraceFormat.FrameLength + TraceFormat.MaxCompressedLength(rawLength)];
        }

        Span<byte> rest = Append(_raw, _strings.AsSpan(0, _stringLength));
        rest = Append(rest, _events.AsSpan(0, _eventLength));
        rest = Append(rest, _accesses.Tokens);
        rest = Append(rest, _accesses.Deltas);
        Append(rest, _accesses.Escapes);
        if (!BrotliEncoder.TryCompress(
            _raw.AsSpan(0, rawLength), _compressed.AsSpan(TraceFormat.FrameLength), out int compressedLength, _quality, BrotliWindowBits))
        {
            throw new InvalidOperationException("Brotli needed more room than its own bound.");
        }

        frame.Write(_compressed, compressedLength);
        _hash.AppendData(ChunkFrame.HashedPart(_compressed));
        _hash.AppendData(_raw.AsSpan(0, rawLength));
        _file.Stream.Write(_compressed, 0, TraceFormat.FrameLength + compressedLength);
        _chunks++;
        _accesses.Reset();
        _eventLength = _eventCount = _stringLength = _lastEventAccess = 0;
    }

    private static Span<byte> Append(Span<byte> destination, ReadOnlySpan<byte> part)
    {
        part.CopyTo(destination);
        return destination[part.Length..];
    }
}
