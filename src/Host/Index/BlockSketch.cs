using Sim.Engine.Replay;

namespace Sim.Host.Index;

/// <summary>Gathers what the events of a block are about, and says it in a few numbers.</summary>
internal sealed class BlockSketch(NamedFields?[] fields)
{
    /// <summary>More tasks than these are told as "any".</summary>
    private const int MaxPids = 64;

    /// <summary>More ranges than these are joined across their smallest gaps.</summary>
    private const int MaxRanges = 64;

    /// <summary>Frames are told apart in groups of 16.</summary>
    private const int GroupShift = 4;

    private readonly List<int> _pids = [];
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<int> _gaps = [];
    private ulong[] _groups = new ulong[1024];
    private int _least = int.MaxValue, _greatest = -1;
    private bool _anyPid;

    public (ulong Low, ulong High) Kinds { get; private set; }

    public long MinTimePs { get; private set; } = long.MaxValue;

    public long MaxTimePs { get; private set; } = long.MinValue;

    /// <summary>Adds the event a cursor stands at.</summary>
    public void Add(EventCursor e)
    {
        int kind = e.Descriptor.Kind;
        Kinds = kind < 64 ? (Kinds.Low | (1UL << kind), Kinds.High) : (Kinds.Low, Kinds.High | (1UL << (kind - 64)));
        MinTimePs = Math.Min(MinTimePs, e.Header.TimePs);
        MaxTimePs = Math.Max(MaxTimePs, e.Header.TimePs);
        NamedFields named = fields[kind]!;
        ReadOnlySpan<long> values = e.Values;
        foreach (int field in named.Pfns)
        {
            if (field < values.Length)
            {
                AddFrames(values[field], named.Pages(values));
            }
        }
        foreach (int field in named.Pids)
        {
            if (field < values.Length && !_anyPid && (values[field] != (int)values[field] || !AddPid((int)values[field])))
            {
                _anyPid = true;
            }
        }
    }

    /// <summary>Writes down the tasks; false for any.</summary>
    public bool Pids(List<int> pids)
    {
        if (!_anyPid)
        {
            pids.AddRange(_pids);
        }
        return !_anyPid;
    }

    /// <summary>Writes down the ranges of frames, first and last of each.</summary>
    public void Frames(List<int> frames)
    {
        _ranges.Clear();
        for (int group = _least; group <= _greatest; group++)
        {
            if ((_groups[group >> 6] >> (group & 63) & 1) == 0)
            {
                continue;
            }
            if (_ranges.Count > 0 && _ranges[^1].Last == group - 1)
            {
                _ranges[^1] = (_ranges[^1].First, group);
            }
            else
            {
                _ranges.Add((group, group));
            }
        }
        int least = LeastGap();
        for (int i = 0, last; i < _ranges.Count; i = last + 1)
        {
            for (last = i; last + 1 < _ranges.Count && _ranges[last + 1].First - _ranges[last].Last < least; last++)
            {
            }
            frames.Add(_ranges[i].First << GroupShift);
            frames.Add((_ranges[last].Last << GroupShift) | ((1 << GroupShift) - 1));
        }
    }

    /// <summary>Begins with another block.</summary>
    public void Clear()
    {
        _pids.Clear();
        _anyPid = false;
        Kinds = default;
        (MinTimePs, MaxTimePs) = (long.MaxValue, long.MinValue);
        if (_greatest >= 0)
        {
            Array.Clear(_groups, _least >> 6, (_greatest >> 6) - (_least >> 6) + 1);
        }
        (_least, _greatest) = (int.MaxValue, -1);
    }

    // False when there are too many.
    private bool AddPid(int pid)
    {
        int at = _pids.BinarySearch(pid);
        if (at < 0)
        {
            _pids.Insert(~at, pid);
        }
        return _pids.Count <= MaxPids;
    }

    private void AddFrames(long pfn, long pages)
    {
        // Frame numbers are below 2^30; what a damaged field says beyond names no frame.
        if (pfn is < 0 or >= 1L << 31)
        {
            return;
        }
        int first = (int)(pfn >> GroupShift), last = (int)(Math.Min(pfn + pages - 1, int.MaxValue) >> GroupShift);
        if (last >> 6 >= _groups.Length)
        {
            Array.Resize(ref _groups, Math.Max((last >> 6) + 1, _groups.Length * 2));
        }
        for (int group = first; group <= last; group++)
        {
            _groups[group >> 6] |= 1UL << (group & 63);
        }
        (_least, _greatest) = (Math.Min(_least, first), Math.Max(_greatest, last));
    }

    /// <summary>Gaps that are not joined: the largest ones, so that no more ranges remain than are kept.</summary>
    private int LeastGap()
    {
        if (_ranges.Count <= MaxRanges)
        {
            return 0;
        }
        _gaps.Clear();
        for (int i = 1; i < _ranges.Count; i++)
        {
            _gaps.Add(_ranges[i].First - _ranges[i - 1].Last);
        }
        _gaps.Sort();
        return _gaps[^(MaxRanges - 1)] + 1;
    }
}
