using System.Text;

namespace Sim.Host.Traces;

/// <summary>Reads <c>/proc/PID/maps</c> (Documentation/filesystems/proc.rst of the kernel) as the initial areas of a trace.</summary>
internal static class ProcMaps
{
    /// <summary>Reads all lines of a maps file.</summary>
    internal static List<(TraceArea Area, string? File)> Read(string path)
    {
        List<(TraceArea Area, string? File)> areas = [];
        using TextLines lines = new(path);
        ulong previousEnd = 0;
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (!TryLine(line, areas, out (TraceArea Area, string? File) area) || area.Area.Start < previousEnd)
            {
                throw TraceFormatException.AtLine(path, lines.LineNumber, "this is no line of /proc/PID/maps, or not in ascending order",
                    "Give a copy of the program's own /proc/PID/maps");
            }

            previousEnd = area.Area.End;
            if (area.File != "[vsyscall]")
            {
                areas.Add(area);
            }
        }

        return areas.Count > 0 ? areas : throw TraceFormatException.AtLine(path, 0, "the maps file is empty", "Give a copy of the program's own /proc/PID/maps");
    }

    private static bool TryLine(ReadOnlySpan<byte> line, List<(TraceArea Area, string? File)> before, out (TraceArea Area, string? File) area)
    {
        area = default;
        string[] words = Encoding.UTF8.GetString(line).Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        byte[] range = Encoding.UTF8.GetBytes(words.Length >= 5 ? words[0] : "");
        int dash = range.AsSpan().IndexOf((byte)'-');
        if (dash <= 0 || words[1].Length != 4
            || !TextNumbers.TryHex(range.AsSpan(0, dash), out ulong start)
            || !TextNumbers.TryHex(range.AsSpan(dash + 1), out ulong end)
            || !TextNumbers.TryHex(Encoding.UTF8.GetBytes(words[2]), out ulong offset)
            || end <= start || start % LinuxAbi.PageSize != 0 || end % LinuxAbi.PageSize != 0)
        {
            return false;
        }

        string name = words.Length == 6 ? words[5].Trim() : "";
        uint protection = (words[1][0] == 'r' ? LinuxAbi.ProtRead : 0) | (words[1][1] == 'w' ? LinuxAbi.ProtWrite : 0)
            | (words[1][2] == 'x' ? LinuxAbi.ProtExec : 0);
        bool isFile = name.Length > 0 && name[0] != '[' && !name.StartsWith("anon_inode", StringComparison.Ordinal);
        TraceAreaKind kind = KindOf(name, isFile, protection, before, start);
        ulong limit = kind == TraceAreaKind.Stack ? StackLimit(end, before) : 0;
        area = (new TraceArea(start, end - start, protection, kind, offset, limit, -1), isFile || name.StartsWith("[v", StringComparison.Ordinal) ? name : null);
        return true;
    }

    private static TraceAreaKind KindOf(string name, bool isFile, uint protection, List<(TraceArea Area, string? File)> before, ulong start)
    {
        if (name == "[heap]")
        {
            return TraceAreaKind.Heap;
        }

        if (name == "[stack]")
        {
            return TraceAreaKind.Stack;
        }

        if (isFile)
        {
            return (protection & LinuxAbi.ProtExec) != 0 ? TraceAreaKind.Text
                : (protection & LinuxAbi.ProtWrite) != 0 ? TraceAreaKind.Data : TraceAreaKind.ReadOnlyData;
        }

        return name.Length == 0 && before.Count > 0 && before[^1].Area is { Kind: TraceAreaKind.Data } data && data.End == start
            ? TraceAreaKind.Bss : TraceAreaKind.Mapping;
    }

    /// <summary>The default limit of 8 MiB, unless another area lies in the way.</summary>
    private static ulong StackLimit(ulong end, List<(TraceArea Area, string? File)> before)
    {
        const ulong DefaultStackLimit = 8 << 20;
        ulong floor = before.Count > 0 ? before[^1].Area.End : 0;
        return Math.Max(floor, end > DefaultStackLimit ? end - DefaultStackLimit : 0);
    }
}
