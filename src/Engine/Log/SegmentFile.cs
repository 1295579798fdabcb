using MessagePack;

namespace Sim.Engine.Log;

/// <summary>What was found where a block was expected.</summary>
internal enum BlockFinding : byte
{
    /// <summary>A sound block.</summary>
    Sound,

    /// <summary>The file ends here.</summary>
    End,

    /// <summary>The file ends inside what may be a block: an append that did not finish.</summary>
    Cut,

    /// <summary>Something else.</summary>
    Damaged,
}

/// <summary>The structures of one segment's file, read where they are said to be. Safe on hostile bytes.</summary>
internal sealed class SegmentFile : IDisposable
{
    private readonly ILogData _data;
    private readonly byte[] _header = new byte[BlockHeader.Size];

    public SegmentFile(ILogStorage storage, string name)
        : this(name, storage.OpenRead(name))
    {
    }

    public SegmentFile(string name, ILogData data)
    {
        Name = name;
        _data = data;
        Length = data.Length;
    }

    /// <summary>Opens a segment, or what is left of it when it was dropped.</summary>
    public static SegmentFile Open(ILogStorage storage, long firstSequence)
    {
        try
        {
            return new SegmentFile(storage, LogFormat.SegmentName(firstSequence));
        }
        catch (FileNotFoundException)
        {
            return new SegmentFile(storage, LogFormat.HashesName(firstSequence));
        }
    }

    /// <summary>True when only the hashes of the segment are left.</summary>
    public bool IsDropped => Name.EndsWith(LogFormat.HashesExtension, StringComparison.Ordinal);

    /// <summary>File name.</summary>
    public string Name { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length { get; }

    /// <summary>Reads the header map.</summary>
    /// <param name="bytes">Its length.</param>
    public SegmentHeader ReadHeader(out int bytes)
    {
        byte[] start = Read(0, SealedMap.HeaderLengthAt + 4);
        bytes = SealedMap.LengthOfHeader(start);
        if (bytes <= start.Length || bytes > LogFormat.MaxHeaderBytes || bytes > Length)
        {
            throw new CorruptLogException("the segment header is cut short or not a header", Name, null, 0);
        }
        try
        {
            return SegmentHeader.Decode(Read(0, bytes));
        }
        catch (CorruptLogException e)
        {
            throw new CorruptLogException(e.What, Name, null, 0);
        }
    }

    /// <summary>
    /// True when the file ends inside its header: the declared length lies beyond the file's end, and the map's values
    /// do too. Bytes that were complete once and then changed do not look like that.
    /// </summary>
    public bool IsHeaderCut()
    {
        byte[] bytes = Read(0, LogFormat.MaxHeaderBytes);
        int declared = SealedMap.LengthOfHeader(bytes);
        if (!SegmentHeader.Start.StartsWith(bytes.AsSpan(0, Math.Min(bytes.Length, SegmentHeader.Start.Length)))
            || (bytes.Length >= SealedMap.HeaderLengthAt + 4 && declared <= Length))
        {
            return false;
        }
        try
        {
            new MessagePackReader(bytes).Skip();
            return false;
        }
        catch (EndOfStreamException)
        {
            return true;
        }
        catch (MessagePackSerializationException)
        {
            return false;
        }
    }

    /// <summary>
    /// True when nothing in the file is sound: a writer died, or the power went, before its header was on the disk.
    /// </summary>
    public bool IsUnborn()
    {
        try
        {
            ReadHeader(out _);
            return false;
        }
        catch (CorruptLogException)
        {
            return FindBlock(0) < 0 && ReadFooter(out _, out _) is null;
        }
    }

    /// <summary>Reads the footer map from the file's end; null with the reason when there is no sound one.</summary>
    /// <param name="offset">Where it starts.</param>
    /// <param name="what">Why there is none.</param>
    public SegmentFooter? ReadFooter(out long offset, out string what)
    {
        offset = Length;
        what = "the segment has no footer";
        if (Length < SealedMap.FooterTailBytes)
        {
            return null;
        }
        int bytes = SealedMap.LengthOfFooter(Read(Length - SealedMap.FooterTailBytes, SealedMap.FooterTailBytes));
        if (bytes < SealedMap.FooterTailBytes || bytes > LogFormat.MaxFooterBytes || bytes > Length)
        {
            return null;
        }
        offset = Length - bytes;
        try
        {
            return SegmentFooter.Decode(Read(offset, bytes));
        }
        catch (CorruptLogException e)
        {
            what = e.What;
            return null;
        }
    }

    /// <summary>Reads a block's header, and says whether its payload is there.</summary>
    public BlockFinding ReadBlockHeader(long offset, out BlockHeader header, out string what)
    {
        header = default;
        what = "the file ends inside a block";
        int read = _data.Read(offset, _header);
        ReadOnlySpan<byte> bytes = _header.AsSpan(0, read);
        if (read == 0)
        {
            return BlockFinding.End;
        }
        if (read < BlockHeader.Size)
        {
            return BlockHeader.HasCodes(bytes) ? BlockFinding.Cut : Damaged(out what);
        }
        if (BlockHeader.TryRead(bytes, out header) is { } wrong)
        {
            what = wrong;
            return BlockFinding.Damaged;
        }
        return offset + BlockHeader.Size + header.StoredLength > Length ? BlockFinding.Cut : BlockFinding.Sound;
    }

    /// <summary>Reads a whole block.</summary>
    public BlockFinding ReadBlock(long offset, BlockBuffer buffer, out string what)
    {
        BlockFinding finding = ReadBlockHeader(offset, out BlockHeader header, out what);
        if (finding == BlockFinding.Sound && buffer.Load(in header, _data, offset + BlockHeader.Size) is { } wrong)
        {
            what = wrong;
            return BlockFinding.Damaged;
        }
        return finding;
    }

    /// <summary>Where the next block with a sound header starts, at or after an offset; -1 when there is none.</summary>
    public long FindBlock(long offset)
    {
        var window = new byte[Math.Clamp(Length - offset, BlockHeader.Size, 64 * 1024)];
        while (offset < Length)
        {
            int read = _data.Read(offset, window);
            int at = 0;
            while (at <= read - BlockHeader.Start.Length)
            {
                int found = window.AsSpan(at, read - at).IndexOf(BlockHeader.Start);
                if (found < 0)
                {
                    break;
                }
                at += found;
                if (ReadBlockHeader(offset + at, out _, out _) == BlockFinding.Sound)
                {
                    return offset + at;
                }
                at++;
            }
            if (read < window.Length)
            {
                return -1;
            }
            offset += read - (BlockHeader.Start.Length - 1);
        }
        return -1;
    }

    /// <summary>Reads bytes; fewer than asked for only at the file's end.</summary>
    public byte[] Read(long offset, long count)
    {
        var bytes = new byte[Math.Min(count, Math.Max(0, Length - offset))];
        int read = _data.Read(offset, bytes);
        return read == bytes.Length ? bytes : bytes[..read];
    }

    public void Dispose() => _data.Dispose();

    private static BlockFinding Damaged(out string what)
    {
        what = "neither a block nor a footer";
        return BlockFinding.Damaged;
    }
}
