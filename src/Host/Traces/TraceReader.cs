using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Sim.Engine.Snapshots;

namespace Sim.Host.Traces;

/// <summary>
/// Reads a trace from its beginning to its end, chunk by chunk, in memory bounded by three chunks.
/// Whatever is wrong with the file, its absence included, comes out as <see cref="TraceFormatException"/>.
/// </summary>
[NotInSnapshot]
public sealed class TraceReader : IDisposable, ISnapshotState
{
    private readonly FileStream _stream;
    private readonly ChunkPipeline _pipeline;
    private readonly AccessDecoder _decoder = new();
    private readonly List<string> _symbols = [];
    private readonly long[] _counts = new long[4];
    private TraceEvent[] _events = [];
    private ChunkBuffer? _chunk;
    private int _eventCount;
    private int _nextEvent;
    private ulong _position;
    private long _eventsRead;
    private bool _atEnd;

    private TraceReader(FileStream stream, string path, TraceHeader header, bool readAhead)
    {
        _stream = stream;
        FilePath = path;
        Header = header;
        _pipeline = new ChunkPipeline(new ChunkSource(stream, path, header), readAhead && header.Chunks > 1);
    }

    /// <summary>The file as the caller named it.</summary>
    public string FilePath { get; }

    /// <summary>Counts, content hash and origin of the trace.</summary>
    public TraceHeader Header { get; }

    /// <summary>Accesses read so far.</summary>
    public long Position => (long)_position;

    /// <summary>Opens a trace and checks its header.</summary>
    /// <param name="path">A file that <see cref="TraceWriter"/> wrote.</param>
    /// <param name="readAhead">Whether to decompress on a thread of its own. It changes nothing in what is read.</param>
    public static TraceReader Open(string path, bool readAhead = true)
    {
        FileStream stream = TraceInput.Open(path);
        try
        {
            return new TraceReader(stream, path, TraceHeader.Read(stream, path, stream.Length), readAhead);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The next records, at most as many as fit; zero at the end of the trace. Never mixes records of two chunks, so events stay readable with
    /// <see cref="Event"/> until the next call. Allocates nothing but room for the largest chunk seen.
    /// </summary>
    public int ReadBatch(Span<TraceRecord> destination)
    {
        if (destination.IsEmpty)
        {
            throw new ArgumentException("A batch has room for at least one record.", nameof(destination));
        }

        while (_nextEvent == _eventCount && _decoder.Remaining == 0)
        {
            if (_atEnd || !StartChunk())
            {
                return 0;
            }
        }

        int filled = 0;
        while (filled < destination.Length)
        {
            ulong until = _nextEvent < _eventCount ? _events[_nextEvent].Position - _position : (ulong)_decoder.Remaining;
            if (until > 0)
            {
                int take = (int)Math.Min(until, (ulong)(destination.Length - filled));
                Span<TraceRecord> part = destination.Slice(filled, take);
                if (!_decoder.TryDecode(part))
                {
                    throw Damaged("its accesses do not decode");
                }

                _position += (ulong)take;
                filled += take;
            }
            else if (_nextEvent < _eventCount)
            {
                destination[filled++] = ToRecord(_nextEvent++);
                _eventsRead++;
            }
            else
            {
                break;
            }
        }

        if (_nextEvent == _eventCount && _decoder.Remaining == 0 && !_decoder.IsExhausted)
        {
            throw Damaged("bytes are left over after its last access");
        }

        return filled;
    }

    /// <summary>The area or system call of a record of the last batch.</summary>
    public ref readonly TraceEvent Event(in TraceRecord record) => ref _events.AsSpan(0, _eventCount)[record.EventIndex];

    /// <summary>A file's name.</summary>
    public string Symbol(int symbolId) => _symbols[symbolId];

    /// <summary>Reads a trace to its end and compares everything it claims, the content hash included.</summary>
    public static TraceHeader Verify(string path)
    {
        TraceHeader header;
        TraceRecord[] batch = new TraceRecord[4096];
        using (TraceReader reader = Open(path))
        {
            header = reader.Header;
            while (reader.ReadBatch(batch) > 0)
            {
                // Reading checks the counts and every column.
            }
        }

        using FileStream stream = TraceInput.Open(path);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        stream.Position = header.EncodedLength;
        ChunkSource source = new(stream, path, header);
        ChunkBuffer buffer = new();
        while (source.TryRead(buffer))
        {
            hash.AppendData(ChunkFrame.HashedPart(source.FrameBytes));
            hash.AppendData(buffer.Raw.AsSpan(0, buffer.Frame.RawLength));
        }

        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(header.ContentHash))
        {
            throw TraceFormatException.AtByte(path, 72, "the content hash does not match the content", "Import the captured text again");
        }

        return header;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pipeline.Dispose();
        _stream.Dispose();
    }

    /// <summary>A position is the number of records read; getting there again reads them again.</summary>
    void ISnapshotState.Visit(StateVisitor visitor)
    {
        long read = Position + _eventsRead, target = read;
        visitor.Value(ref target);
        if (!visitor.IsLoading)
        {
            return;
        }
        var skipped = new TraceRecord[4096];
        while (read < target)
        {
            int got = ReadBatch(skipped.AsSpan(0, (int)Math.Min(skipped.Length, target - read)));
            read = got > 0 ? read + got : throw new InvalidDataException($"{FilePath} has {read} records, and the snapshot was taken after {target}.");
        }
    }

    private bool StartChunk()
    {
        _chunk = _pipeline.Next();
        if (_chunk is null)
        {
            _atEnd = true;
            _eventCount = _nextEvent = 0;
            CheckTotals();
            return false;
        }

        ChunkFrame frame = _chunk.Frame;
        ReadOnlySpan<byte> raw = _chunk.Raw;
        ReadStrings(raw[..frame.StringLength]);
        ReadEvents(raw.Slice(frame.StringLength, frame.EventLength), frame);
        CountKinds(raw.Slice(frame.StringLength + frame.EventLength, frame.Accesses));
        _decoder.Start(_chunk.Raw, frame.StringLength + frame.EventLength, frame.Accesses, frame.DeltaLength, frame.EscapeLength);
        return true;
    }

    private void ReadStrings(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int length = bytes.Length >= 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : int.MaxValue;
            if (length > TraceFormat.MaxSymbolBytes || length > bytes.Length - 2 || _symbols.Count == TraceFormat.MaxSymbols)
            {
                throw Damaged("its file names do not decode");
            }

            _symbols.Add(Encoding.UTF8.GetString(bytes.Slice(2, length)));
            bytes = bytes[(2 + length)..];
        }
    }

    private void ReadEvents(ReadOnlySpan<byte> bytes, ChunkFrame frame)
    {
        _nextEvent = 0;
        _eventCount = frame.Events;
        if (_events.Length < frame.Events)
        {
            _events = new TraceEvent[frame.Events];
        }

        int at = 0;
        ulong within = 0;
        for (int i = 0; i < frame.Events; i++)
        {
            if (!EventCodec.TryDecode(bytes, ref at, out _events[i], out ulong delta)
                || delta > (ulong)frame.Accesses - within
                || _events[i].SymbolId >= _symbols.Count
                || !_events[i].IsPlausible)
            {
                throw Damaged($"event {i} does not decode");
            }

            within += delta;
            _events[i].Position = _position + within;
        }

        if (at != bytes.Length)
        {
            throw Damaged("bytes are left over after its last event");
        }
    }

    private TraceRecord ToRecord(int index)
    {
        ref readonly TraceEvent e = ref _events[index];
        return e.Kind <= TraceRecordKind.KernelWrite
            ? new TraceRecord(e.Kind, e.Argument0, (uint)e.Argument1)
            : new TraceRecord(e.Kind, e.Argument0, (uint)index);
    }

    /// <summary>Counts the kinds of a chunk eight tokens at a time: the kind is the low two bits of each.</summary>
    private void CountKinds(ReadOnlySpan<byte> tokens)
    {
        const ulong LowBits = 0x0101_0101_0101_0101;
        long odd = 0;
        long high = 0;
        long both = 0;
        int total = tokens.Length;
        while (!tokens.IsEmpty)
        {
            ulong eight = 0;
            int taken = Math.Min(tokens.Length, 8);
            tokens[..taken].CopyTo(MemoryMarshal.AsBytes(new Span<ulong>(ref eight)));
            ulong bit0 = eight & LowBits;
            ulong bit1 = (eight >> 1) & LowBits;
            odd += BitOperations.PopCount(bit0);
            high += BitOperations.PopCount(bit1);
            both += BitOperations.PopCount(bit0 & bit1);
            tokens = tokens[taken..];
        }

        _counts[(int)TraceRecordKind.Fetch] += total - odd - high + both;
        _counts[(int)TraceRecordKind.Load] += odd - both;
        _counts[(int)TraceRecordKind.Store] += high - both;
        _counts[(int)TraceRecordKind.Modify] += both;
    }

    private void CheckTotals()
    {
        ReadOnlySpan<long> claimed = [Header.Fetches, Header.Loads, Header.Stores, Header.Modifies];
        if (!claimed.SequenceEqual(_counts) || Header.Events != _eventsRead)
        {
            throw TraceFormatException.AtByte(
                FilePath, 16, $"the header claims {Header.Accesses} accesses and {Header.Events} events but the chunks hold {_position} and {_eventsRead}, or other kinds",
                "The file is damaged: restore it or import it again");
        }
    }

    private TraceFormatException Damaged(string problem) => TraceFormatException.AtByte(
        FilePath, _chunk!.FileOffset, $"chunk {_chunk.Frame.Index}: {problem}", "The file is damaged: restore it or import it again");
}
