using System.Globalization;
using System.Text;

namespace Sim.Host.Traces;

/// <summary>
/// Reads the segment list that valgrind's address-space manager prints at <c>-d</c> (coregrind/m_aspacemgr/aspacemgr-linux.c, the kinds of
/// segment): client segments are named in lower case, valgrind's own in capitals, reservations RSVN.
/// </summary>
internal sealed class ValgrindSegments
{
    private readonly record struct Segment(string Kind, ulong Start, ulong End, string Flags, ulong Offset, string? Name)
    {
        internal bool IsClient => Kind is "file" or "anon" or "shmm";
    }

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly List<Segment> _segments = [];

    /// <summary>
    /// Takes one line of the list, without the prefix up to and including <c>aspacem</c>; false when it is none that the manager prints.
    /// </summary>
    internal bool TryAdd(string line)
    {
        line = line.Trim();
        if (line.StartsWith('('))
        {
            int close = line.IndexOf(')');
            int secondComma = close < 0 ? -1 : line.LastIndexOf(',', close);
            if (secondComma < 0)
            {
                return false;
            }

            _names[line[1..secondComma]] = line[(close + 1)..].Trim();
            return true;
        }

        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !words[0].EndsWith(':'))
        {
            return words.Length >= 2 && (words[1] == "segment" || words[0] == "freelist");
        }

        int at = words[1].Contains('-', StringComparison.Ordinal) ? 1 : 2;
        if (words.Length <= at || !TryRange(words[at], out ulong start, out ulong end))
        {
            return false;
        }

        if (at == 1)
        {
            return true;
        }

        ulong offset = 0;
        string? name = null;
        for (int i = at + 2; i < words.Length; i++)
        {
            if (words[i].StartsWith("o=", StringComparison.Ordinal))
            {
                _ = ulong.TryParse(words[i].AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
            }
            else if (words[i].StartsWith('(') && words[i].EndsWith(')'))
            {
                name = words[i][1..^1];
            }
        }

        // A reservation's flags are followed by how it may shrink: SmLower (a heap grows up into it), SmUpper (a stack grows down).
        string flags = words.Length > at + 2 ? words[at + 2] : "";
        string shrink = words[^1];
        _segments.Add(new Segment(words[1], start, end, words[1] == "RSVN" ? shrink : flags, offset, name));
        return true;
    }

    /// <summary>The client's segments as initial areas, with the file of each, or null.</summary>
    internal List<(TraceArea Area, string? File)> ToAreas()
    {
        List<(TraceArea, string?)> areas = [];
        for (int i = 0; i < _segments.Count; i++)
        {
            Segment segment = _segments[i];
            if (segment.IsClient)
            {
                string? file = segment.Name is null ? null : _names.GetValueOrDefault(segment.Name, "unnamed");
                areas.Add((ToArea(i), file));
            }
        }

        return areas;
    }

    /// <summary>
    /// The client's address ranges, neighbours joined. Valgrind keeps a heap page from the start and does not unmap what
    /// <c>brk</c> gives back, so the heap is taken to end at the program's break.
    /// </summary>
    internal List<(ulong Start, ulong End)> ClientRanges(ulong programBreak)
    {
        List<(ulong Start, ulong End)> ranges = [];
        for (int i = 0; i < _segments.Count; i++)
        {
            (ulong start, ulong end) = (_segments[i].Start, IsHeap(i) ? LinuxAbi.PageAlign(programBreak) : _segments[i].End);
            if (!_segments[i].IsClient || end <= start)
            {
                continue;
            }

            if (ranges.Count > 0 && ranges[^1].End == start)
            {
                ranges[^1] = (ranges[^1].Start, end);
            }
            else
            {
                ranges.Add((start, end));
            }
        }

        return ranges;
    }

    private TraceArea ToArea(int index)
    {
        Segment segment = _segments[index];
        uint protection = (segment.Flags.StartsWith('r') ? LinuxAbi.ProtRead : 0)
            | (segment.Flags.AsSpan(1).StartsWith("w") ? LinuxAbi.ProtWrite : 0)
            | (segment.Flags.AsSpan(2).StartsWith("x") ? LinuxAbi.ProtExec : 0);
        ulong length = segment.End - segment.Start;
        if (segment.Name is not null)
        {
            TraceAreaKind use = IsValgrinds(segment.Name) ? TraceAreaKind.Mapping
                : (protection & LinuxAbi.ProtExec) != 0 ? TraceAreaKind.Text
                : (protection & LinuxAbi.ProtWrite) != 0 ? TraceAreaKind.Data : TraceAreaKind.ReadOnlyData;
            return new TraceArea(segment.Start, length, protection, use, segment.Offset, 0, -1);
        }

        if (IsHeap(index))
        {
            // Valgrind maps the first page of the heap before the program asks for it; in a real process the break has not moved yet.
            return new TraceArea(segment.Start, 0, LinuxAbi.ProtRead | LinuxAbi.ProtWrite, TraceAreaKind.Heap, 0, 0, -1);
        }

        if (Neighbour(index - 1) is { Kind: "RSVN", Flags: "SmUpper" } below && below.End == segment.Start)
        {
            return new TraceArea(segment.Start, length, protection, TraceAreaKind.Stack, 0, below.Start, -1);
        }

        bool followsData = Neighbour(index - 1) is { Kind: "file" } data && data.End == segment.Start && data.Flags.Contains('w', StringComparison.Ordinal);
        return new TraceArea(segment.Start, length, protection, followsData ? TraceAreaKind.Bss : TraceAreaKind.Mapping, 0, 0, -1);
    }

    private bool IsHeap(int index) => _segments[index] is { Kind: "anon" } segment
        && Neighbour(index + 1) is { Kind: "RSVN", Flags: "SmLower" } above && above.Start == segment.End;

    private Segment? Neighbour(int index) => index >= 0 && index < _segments.Count ? _segments[index] : null;

    /// <summary>Whether a file is valgrind's own: one page of it, with replacement functions, is lent to the client.</summary>
    private bool IsValgrinds(string name)
    {
        foreach (Segment segment in _segments)
        {
            if (segment.Kind == "FILE" && segment.Name == name)
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryRange(string word, out ulong start, out ulong end)
    {
        end = 0;
        int dash = word.IndexOf('-');
        byte[] bytes = Encoding.ASCII.GetBytes(word);
        if (dash <= 0 || !TextNumbers.TryHex(bytes.AsSpan(0, dash), out start) || !TextNumbers.TryHex(bytes.AsSpan(dash + 1), out ulong last) || last < start)
        {
            start = 0;
            return false;
        }

        end = unchecked(last + 1);
        return start % LinuxAbi.PageSize == 0 && end % LinuxAbi.PageSize == 0;
    }
}
