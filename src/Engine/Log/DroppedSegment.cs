namespace Sim.Engine.Log;

/// <summary>
/// What is left of a segment that was dropped: its header and its footer, in a file of their own. They hold the hash of
/// every block, so that the chain is still whole, and the segment can be made again and compared.
/// </summary>
internal static class DroppedSegment
{
    /// <summary>Replaces a sealed segment by its hashes. At any moment at least one of the two is there, whole.</summary>
    /// <returns>How many bytes that frees.</returns>
    /// <exception cref="CorruptLogException">The segment is damaged, or the log ends with it.</exception>
    public static long Drop(ILogStorage storage, long firstSequence)
    {
        string name = LogFormat.SegmentName(firstSequence), left = LogFormat.HashesName(firstSequence), temporary = left + ".tmp";
        byte[] header, footer;
        long length;
        using (SegmentFile segment = SegmentFile.Open(storage, firstSequence))
        {
            if (segment.IsDropped)
            {
                // It was, before the writer was resumed.
                return 0;
            }
            segment.ReadHeader(out int headerBytes);
            if (segment.ReadFooter(out long footerOffset, out string what) is not { End: SegmentEnd.Continued })
            {
                throw new CorruptLogException(what, name, null, footerOffset);
            }
            header = segment.Read(0, headerBytes);
            footer = segment.Read(footerOffset, segment.Length - footerOffset);
            length = segment.Length;
        }
        if (storage.List().Contains(temporary))
        {
            storage.Delete(temporary);
        }
        using (ILogAppender file = storage.Create(temporary))
        {
            file.Append(header);
            file.Append(footer);
            file.FlushToDisk();
        }
        storage.Rename(temporary, left);
        storage.SyncDirectory();
        storage.Delete(name);
        return length - header.Length - footer.Length;
    }

    /// <summary>The footer of a dropped segment, checked against its header.</summary>
    /// <exception cref="CorruptLogException">It is damaged.</exception>
    public static SegmentFooter ReadFooter(SegmentFile file, SegmentHeader header, int headerBytes)
    {
        SegmentFooter footer = file.ReadFooter(out long offset, out string what) ?? throw new CorruptLogException(what, file.Name, null, offset);
        string? wrong = offset != headerBytes ? "something stands between header and footer"
            : footer.End != SegmentEnd.Continued ? "a dropped segment cannot be the log's last"
            : footer.Contradiction(header, headerBytes, long.MaxValue);
        return wrong is null ? footer : throw new CorruptLogException(wrong, file.Name, null, offset);
    }
}
