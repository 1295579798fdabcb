using System.Buffers.Binary;
using System.Globalization;
using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Snapshots;

/// <summary>
/// A snapshot's file: the header map, then the new pages in groups of up to 16, each a MessagePack array of raw length,
/// CRC-32C and the bytes in Snappy's raw format.
/// </summary>
public static class SnapshotFile
{
    private const string Suffix = ".evsnap";
    private const string Unfinished = ".tmp";
    private const int GroupPages = 16;
    private const int GroupBytes = GroupPages * StateImage.PageBytes;
    private const int GroupHeaderBytes = 16;

    /// <summary>The name of the snapshot before an event.</summary>
    public static string Name(long sequence) => sequence.ToString("D20", CultureInfo.InvariantCulture) + Suffix;

    /// <summary>True with the sequence for the name of a snapshot.</summary>
    public static bool TryParseName(string name, out long sequence)
    {
        sequence = 0;
        return name.Length == 20 + Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out sequence);
    }

    /// <summary>Writes a snapshot beside its place, forces it to the device and renames it into place.</summary>
    /// <returns>Bytes of the file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static long Write(ILogStorage storage, SnapshotHeader header, StateImage image, IReadOnlyList<int> newPages)
    {
        string name = Name(header.Sequence), temporary = name + Unfinished;
        if (storage.List().Contains(temporary))
        {
            storage.Delete(temporary);
        }
        try
        {
            long written = WriteTo(storage, temporary, header, image, newPages);
            storage.Rename(temporary, name);
            storage.SyncDirectory();
            return written;
        }
        catch (IOException)
        {
            TryDelete(storage, temporary);
            throw;
        }
    }

    private static long WriteTo(ILogStorage storage, string name, SnapshotHeader header, StateImage image, IReadOnlyList<int> newPages)
    {
        long written = 0;
        using (ILogAppender file = storage.Create(name))
        {
            byte[] map = header.Encode();
            file.Append(map);
            written += map.Length;
            byte[] raw = new byte[GroupBytes];
            byte[] stored = new byte[GroupHeaderBytes + Snappier.Snappy.GetMaxCompressedLength(GroupBytes)];
            for (int first = 0; first < newPages.Count; first += GroupPages)
            {
                int pages = Math.Min(GroupPages, newPages.Count - first);
                for (int i = 0; i < pages; i++)
                {
                    image.Page(newPages[first + i]).CopyTo(raw.AsSpan(i * StateImage.PageBytes));
                }
                int length = Snappier.Snappy.Compress(raw.AsSpan(0, pages * StateImage.PageBytes), stored.AsSpan(GroupHeaderBytes));
                WriteGroupHeader(stored, pages * StateImage.PageBytes, stored.AsSpan(GroupHeaderBytes, length));
                file.Append(stored.AsSpan(0, GroupHeaderBytes + length));
                written += GroupHeaderBytes + length;
            }
            file.FlushToDisk();
        }
        return written;
    }

    private static void TryDelete(ILogStorage storage, string name)
    {
        try
        {
            if (storage.List().Contains(name))
            {
                storage.Delete(name);
            }
        }
        catch (IOException)
        {
            // The error under way is the one to report.
        }
    }

    /// <summary>Deletes what writers left that were killed.</summary>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    public static void DeleteUnfinished(ILogStorage storage)
    {
        foreach (string name in storage.List().Where(n => n.EndsWith(Suffix + Unfinished, StringComparison.Ordinal)))
        {
            storage.Delete(name);
        }
    }

    /// <summary>Reads a snapshot's header.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SnapshotHeader ReadHeader(ILogStorage storage, long sequence)
    {
        using ILogData file = storage.OpenRead(Name(sequence));
        return ReadHeader(file, sequence, out _);
    }

    /// <summary>Reads a snapshot's image, and what it takes from a full one before it.</summary>
    /// <param name="storage">The folder.</param>
    /// <param name="sequence">Which snapshot.</param>
    /// <param name="image">Gets the image.</param>
    /// <param name="sourcedOnly">Only the pages with the sourced state are read.</param>
    /// <exception cref="InvalidDataException">It is damaged, or the one it builds on is.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SnapshotHeader Read(ILogStorage storage, long sequence, StateImage image, bool sourcedOnly)
    {
        using ILogData file = storage.OpenRead(Name(sequence));
        SnapshotHeader header = ReadHeader(file, sequence, out long offset);
        StateImage? full = null;
        if (header.Base >= 0)
        {
            full = new StateImage();
            SnapshotHeader below = header.Base < sequence
                ? Read(storage, header.Base, full, sourcedOnly: false)
                : throw new InvalidDataException($"{Name(sequence)} builds on a later snapshot");
            if (below.Base >= 0 || below.ImageHash != header.BaseHash)
            {
                throw new InvalidDataException($"{Name(sequence)} builds on another snapshot than {Name(header.Base)}");
            }
        }
        int pages = sourcedOnly ? header.SourcedPages : checked((int)((header.Length + StateImage.PageBytes - 1) / StateImage.PageBytes));
        image.Clear();
        var groups = new GroupReader(file, offset, Name(sequence));
        int page = 0;
        foreach (PageRun run in header.Runs)
        {
            for (int i = 0; i < run.Count && page < pages; i++, page++)
            {
                int from = run.First + i;
                ReadOnlySpan<byte> bytes = run.Source switch
                {
                    PageSource.Here => groups.Page(from),
                    PageSource.Base when full is not null && from >= 0 && from < full.Pages => full.Page(from),
                    PageSource.Earlier when from >= 0 && from < page => image.Page(from),
                    _ => throw new InvalidDataException($"{Name(sequence)} names a page that is nowhere"),
                };
                image.SetLength((page + 1L) * StateImage.PageBytes);
                bytes.CopyTo(image.Page(page));
            }
        }
        image.SetLength(sourcedOnly ? (long)pages * StateImage.PageBytes : header.Length);
        return Hash(image, pages) == (sourcedOnly ? header.SourcedHash : header.ImageHash)
            ? header
            : throw new InvalidDataException($"{Name(sequence)} does not have the hash that its header names");
    }

    /// <summary>Hash of the first pages of an image.</summary>
    public static ulong Hash(StateImage image, int pages)
    {
        var hash = new XxHash64(0);
        for (int page = 0; page < pages; page++)
        {
            hash.Add(image.Page(page));
        }
        return hash.Finish();
    }

    private static SnapshotHeader ReadHeader(ILogData file, long sequence, out long end)
    {
        Span<byte> start = stackalloc byte[SealedMap.HeaderLengthAt + 4];
        int read = file.Read(0, start);
        int length = SealedMap.LengthOfHeader(start[..read]);
        if (length <= start.Length || length > SnapshotHeader.MaxBytes || length > file.Length)
        {
            throw new InvalidDataException($"{Name(sequence)} does not start with a header");
        }
        byte[] bytes = new byte[length];
        file.Read(0, bytes);
        try
        {
            SnapshotHeader header = SnapshotHeader.Decode(bytes);
            end = length;
            return header.Sequence == sequence ? header : throw new InvalidDataException($"it is the snapshot before event {header.Sequence}");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{Name(sequence)}: {e.Message}", e);
        }
    }

    private static void WriteGroupHeader(Span<byte> header, int rawBytes, ReadOnlySpan<byte> stored)
    {
        header[0] = 0x93;
        header[1] = 0xCE;
        BinaryPrimitives.WriteInt32BigEndian(header[2..], rawBytes);
        header[6] = 0xCE;
        BinaryPrimitives.WriteUInt32BigEndian(header[7..], Crc32C.Compute(stored));
        header[11] = 0xC6;
        BinaryPrimitives.WriteInt32BigEndian(header[12..], stored.Length);
    }

    /// <summary>Hands out the pages of a file, group by group; pages are asked for by rising number.</summary>
    private sealed class GroupReader(ILogData file, long offset, string name)
    {
        private readonly byte[] _raw = new byte[GroupBytes];
        private byte[] _stored = [];
        private int _group = -1;
        private int _rawBytes;

        public ReadOnlySpan<byte> Page(int number)
        {
            while (number >= 0 && _group < number / GroupPages)
            {
                Next();
            }
            int at = number % GroupPages * StateImage.PageBytes;
            return number >= 0 && _group == number / GroupPages && at + StateImage.PageBytes <= _rawBytes
                ? _raw.AsSpan(at, StateImage.PageBytes)
                : throw Damaged();
        }

        private void Next()
        {
            Span<byte> header = stackalloc byte[GroupHeaderBytes];
            if (file.Read(offset, header) != GroupHeaderBytes || header[0] != 0x93 || header[1] != 0xCE || header[6] != 0xCE || header[11] != 0xC6)
            {
                throw Damaged();
            }
            _rawBytes = BinaryPrimitives.ReadInt32BigEndian(header[2..]);
            int length = BinaryPrimitives.ReadInt32BigEndian(header[12..]);
            if (_rawBytes <= 0 || _rawBytes > GroupBytes || length <= 0 || length > Snappier.Snappy.GetMaxCompressedLength(GroupBytes))
            {
                throw Damaged();
            }
            if (_stored.Length < length)
            {
                _stored = new byte[length];
            }
            Span<byte> stored = _stored.AsSpan(0, length);
            if (file.Read(offset + GroupHeaderBytes, stored) != length
                || Crc32C.Compute(stored) != BinaryPrimitives.ReadUInt32BigEndian(header[7..]) || !TryDecompress(stored))
            {
                throw Damaged();
            }
            offset += GroupHeaderBytes + length;
            _group++;
        }

        private bool TryDecompress(ReadOnlySpan<byte> stored)
        {
            try
            {
                return Snappier.Snappy.GetUncompressedLength(stored) == _rawBytes
                    && Snappier.Snappy.Decompress(stored, _raw) == _rawBytes;
            }
            catch (Exception e) when (e is InvalidDataException or ArgumentException)
            {
                return false;
            }
        }

        private InvalidDataException Damaged() => new($"{name} is damaged at byte {offset}");
    }
}
