using System.Runtime.InteropServices;
using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Host.Index;

/// <summary>
/// An index as a file: marker and version, counts, where it ends in the log, the three columns, and an XXH64 of all that.
/// Little-endian. Whatever does not fit in a file makes it no index; it is never more than a cache.
/// </summary>
internal static class LogIndexFile
{
    /// <summary>Raised when the layout changes, or what a block's summary says.</summary>
    private const int Version = 1;

    private static ReadOnlySpan<byte> Marker => "sim.idx\n"u8;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct Header
    {
        public long Marker;
        public int Version, Blocks, Pids, Frames;
        public long Last;
        public ChainHash Chain;
    }

    /// <summary>The bytes of a file.</summary>
    public static byte[] Write(LogIndex index)
    {
        LogIndex.Entry[] entries = [.. index.Entries];
        int[] pids = [.. index.Pids], frames = [.. index.Frames];
        var header = new Header
        {
            Marker = MemoryMarshal.Read<long>(Marker),
            Version = Version,
            Blocks = entries.Length,
            Pids = pids.Length,
            Frames = frames.Length,
            Last = index.Last,
            Chain = index.Chain,
        };
        using var bytes = new MemoryStream();
        bytes.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<Header>(in header)));
        bytes.Write(MemoryMarshal.AsBytes(entries.AsSpan()));
        bytes.Write(MemoryMarshal.AsBytes(pids.AsSpan()));
        bytes.Write(MemoryMarshal.AsBytes(frames.AsSpan()));
        bytes.Write(BitConverter.GetBytes(XxHash64.Hash(bytes.GetBuffer().AsSpan(0, (int)bytes.Length))));
        return bytes.ToArray();
    }

    /// <summary>Reads a file; null when it is no index of this version, or damaged.</summary>
    public static LogIndex? Read(ReadOnlySpan<byte> bytes)
    {
        int headerBytes = Marshal.SizeOf<Header>();
        if (bytes.Length < headerBytes + sizeof(long) || MemoryMarshal.Read<ulong>(bytes[^8..]) != XxHash64.Hash(bytes[..^8]))
        {
            return null;
        }
        Header header = MemoryMarshal.Read<Header>(bytes);
        ReadOnlySpan<byte> rest = bytes[headerBytes..^8];
        if (header.Marker != MemoryMarshal.Read<long>(Marker) || header.Version != Version || header.Blocks < 0 || header.Pids < 0 || header.Frames < 0
            || rest.Length != ((long)header.Blocks * Marshal.SizeOf<LogIndex.Entry>()) + (4L * header.Pids) + (4L * header.Frames))
        {
            return null;
        }
        LogIndex.Entry[] entries = Take<LogIndex.Entry>(ref rest, header.Blocks);
        int[] pids = Take<int>(ref rest, header.Pids), frames = Take<int>(ref rest, header.Frames);
        return AreEnds(entries.Select(e => e.PidsEnd), pids.Length) && AreEnds(entries.Select(e => e.FramesEnd), frames.Length)
            ? new LogIndex(entries, pids, frames, header.Chain, header.Last)
            : null;
    }

    private static T[] Take<T>(ref ReadOnlySpan<byte> bytes, int count) where T : unmanaged
    {
        int length = count * Marshal.SizeOf<T>();
        T[] taken = MemoryMarshal.Cast<byte, T>(bytes[..length]).ToArray();
        bytes = bytes[length..];
        return taken;
    }

    private static bool AreEnds(IEnumerable<int> ends, int length)
    {
        int before = 0;
        foreach (int end in ends)
        {
            if (end < before)
            {
                return false;
            }
            before = end;
        }
        return before == length;
    }
}
