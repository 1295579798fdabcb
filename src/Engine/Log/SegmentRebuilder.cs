namespace Sim.Engine.Log;

/// <summary>
/// Writes a dropped segment again from the blocks of a re-execution, which may start anywhere before it, and checks them
/// against the hashes that were kept. The file gets its name when it is whole and the very same.
/// </summary>
public sealed class SegmentRebuilder : IBlockSink, IDisposable
{
    private readonly ILogStorage _target;
    private readonly SegmentHeader _header;
    private readonly SegmentFooter _footer;
    private readonly SegmentWriter _writer;
    private readonly string _name, _temporary;
    private int _blocks;

    /// <param name="target">The folder for the file; it may be the log's own, or one for caches.</param>
    /// <param name="header">The segment's header.</param>
    /// <param name="footer">The segment's footer.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public SegmentRebuilder(ILogStorage target, SegmentHeader header, SegmentFooter footer)
    {
        (_target, _header, _footer) = (target, header, footer);
        _name = LogFormat.SegmentName(header.FirstSequence);
        _temporary = _name + ".tmp";
        if (target.List().Contains(_temporary))
        {
            target.Delete(_temporary);
        }
        var options = new LogOptions { Codec = header.Codec, SegmentRawBytes = header.SegmentRawBytes, Durability = LogDurability.Flush };
        _writer = new SegmentWriter(new TemporaryName(target), options, header);
        _writer.Start();
    }

    /// <summary>True when a folder has the segment already, whole and the very same.</summary>
    public static bool IsThere(ILogStorage target, SegmentHeader header, SegmentFooter footer)
    {
        string name = LogFormat.SegmentName(header.FirstSequence);
        try
        {
            if (!target.List().Contains(name))
            {
                return false;
            }
            using var file = new SegmentFile(target, name);
            SegmentHeader found = file.ReadHeader(out int headerBytes);
            return found.Encode().AsSpan().SequenceEqual(header.Encode())
                && SegmentTail.Scan(file, found, headerBytes) is { State: TailState.Sealed } tail
                && tail.Footer.Encode().AsSpan().SequenceEqual(footer.Encode());
        }
        catch (Exception e) when (e is CorruptLogException or IncompatibleLogException or IOException)
        {
            return false;
        }
    }

    /// <summary>True when the last block of the segment has come.</summary>
    public bool IsComplete => _blocks == _footer.Index.Length;

    /// <inheritdoc/>
    /// <exception cref="SegmentDivergedException">The block is not the one whose hash was kept.</exception>
    public byte[] Submit(in RawBlock block)
    {
        if (block.FirstSequence < _header.FirstSequence || IsComplete)
        {
            return block.Payload;
        }
        _writer.Write(in block);
        BlockIndexEntry expected = _footer.Index.Span[_blocks++];
        if (expected.FirstSequence != block.FirstSequence || expected.ChainHash != _writer.ChainHash)
        {
            throw new SegmentDivergedException(
                $"Run again, the run differs from the log in the block that begins with event {expected.FirstSequence}.");
        }
        return block.Payload;
    }

    /// <summary>Seals the file and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">A block is missing.</exception>
    /// <exception cref="SegmentDivergedException">The file is not the one that was dropped.</exception>
    public void Finish()
    {
        if (!IsComplete)
        {
            throw new InvalidOperationException($"Only {_blocks} of {_footer.Index.Length} blocks have come.");
        }
        _writer.Seal(SegmentEnd.Continued);
        byte[] footer = _footer.Encode();
        using (var file = new SegmentFile(_target, _temporary))
        {
            if (!file.Read(file.Length - footer.Length, footer.Length).AsSpan().SequenceEqual(footer))
            {
                throw new SegmentDivergedException($"{_name}, made again, has the same events but is stored in other bytes.");
            }
        }
        using (ILogAppender file = _target.OpenAppend(_temporary, _writer.BytesOnDisk))
        {
            file.FlushToDisk();
        }
        _target.Rename(_temporary, _name);
        _target.SyncDirectory();
    }

    public void Dispose() => _writer.Dispose();

    // What a segment writer needs, and that under another name.
    private sealed class TemporaryName(ILogStorage target) : ILogStorage
    {
        public string Path => target.Path;

        public IReadOnlyList<string> List() => target.List();

        public ILogAppender Create(string name) => target.Create(name + ".tmp");

        public ILogAppender OpenAppend(string name, long length) => target.OpenAppend(name + ".tmp", length);

        public ILogData OpenRead(string name) => target.OpenRead(name + ".tmp");

        public void Rename(string from, string to) => target.Rename(from, to);

        public void Delete(string name) => target.Delete(name + ".tmp");

        public void SyncDirectory() => target.SyncDirectory();

        public IDisposable Lock() => target.Lock();
    }
}
