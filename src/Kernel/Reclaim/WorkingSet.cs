using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// Refault distance (mm/workingset.c, Linux 6.1): an evicted page leaves a shadow entry with the node's age, and one that
/// comes back before as many pages have aged as the lists hold belongs to the working set. Sourced state.
/// </summary>
public sealed class WorkingSet
{
    private readonly LruState _lru;
    private readonly long[] _counters;
    private readonly long[] _refaults = new long[2];
    private uint _age;

    internal WorkingSet(LruState lru, long[] counters)
    {
        _lru = lru;
        _counters = counters;
    }

    /// <summary>What taking anonymous pages has cost lately (<c>anon_cost</c>).</summary>
    public long AnonCost { get; private set; }

    /// <summary>What taking file pages has cost lately (<c>file_cost</c>).</summary>
    public long FileCost { get; private set; }

    /// <summary>Pages evicted or activated so far (<c>nonresident_age</c>), modulo 2^30.</summary>
    public long Age => _age;

    /// <summary>Refaults into the active list at the end of the last round of reclaim (<c>lruvec->refaults</c>).</summary>
    public long Refaults(bool file) => _refaults[file ? 1 : 0];

    /// <summary>So many pages were activated or evicted (<c>workingset_age_nonresident</c>).</summary>
    internal void AgeBy(uint pages) => _age = (_age + pages) & AgeMask;

    /// <summary>The shadow entry of a page that is evicted now (<c>workingset_eviction</c>): the age before it; never 0.</summary>
    internal uint Evict(in Frame frame)
    {
        if (_lru.Generations is { } generations)
        {
            return generations.Evict(in frame);
        }
        uint eviction = _age;
        AgeBy(1);
        // The low bit is the workingset mark; an entry of age 0 stands out by the bit above.
        return (eviction << 1 | (frame.Has(PageFlags.Workingset) ? 1u : 0)) + 2;
    }

    /// <summary>A page that left a shadow comes back (<c>workingset_refault</c>).</summary>
    /// <param name="frame">Its new frame.</param>
    /// <param name="shadow">What it left.</param>
    /// <param name="swap">There is room in the swap area, so anonymous pages compete too.</param>
    internal void Refault(ref Frame frame, uint shadow, bool swap)
    {
        if (_lru.Generations is { } generations)
        {
            bool known = generations.Refault(ref frame, shadow, out bool restored), isFile = frame.Use != FrameUse.Anon;
            _counters[(int)VmEvent.WorkingsetRefaultAnon + (isFile ? 1 : 0)] += known ? 1 : 0;
            _counters[(int)VmEvent.WorkingsetRestoreAnon + (isFile ? 1 : 0)] += restored ? 1 : 0;
            return;
        }
        shadow -= 2;
        bool file = frame.Use != FrameUse.Anon, workingset = (shadow & 1) != 0;
        uint distance = (_age - (shadow >> 1)) & AgeMask;
        Count(VmEvent.WorkingsetRefaultAnon, file);
        long size = _lru.Size(LruList.ActiveFile) + (file ? 0 : _lru.Size(LruList.InactiveFile));
        if (swap)
        {
            size += _lru.Size(LruList.ActiveAnon) + (file ? _lru.Size(LruList.InactiveAnon) : 0);
        }
        if (distance > size)
        {
            return;
        }
        frame.Flags |= PageFlags.Active;
        AgeBy(1);
        Count(VmEvent.WorkingsetActivateAnon, file);
        if (workingset)
        {
            frame.Flags |= PageFlags.Workingset;
            NoteCost(file, 1);
            Count(VmEvent.WorkingsetRestoreAnon, file);
        }
    }

    /// <summary>Pages of a kind had to be written, or read again (<c>lru_note_cost</c>).</summary>
    internal void NoteCost(bool file, long pages)
    {
        (AnonCost, FileCost) = file ? (AnonCost, FileCost + pages) : (AnonCost + pages, FileCost);
        long all = _lru.Size(LruList.InactiveAnon) + _lru.Size(LruList.ActiveAnon) + _lru.Size(LruList.InactiveFile) + _lru.Size(LruList.ActiveFile);
        if (FileCost + AnonCost > all / 4)
        {
            (AnonCost, FileCost) = (AnonCost / 2, FileCost / 2);
        }
    }

    /// <summary>Remembers the refaults so far.</summary>
    internal void Snapshot()
    {
        _refaults[0] = _counters[(int)VmEvent.WorkingsetActivateAnon];
        _refaults[1] = _counters[(int)VmEvent.WorkingsetActivateFile];
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(AnonCost);
        hash.Add(FileCost);
        hash.Add(_age);
        hash.AddSpan<long>(_refaults);
    }

    private const uint AgeMask = (1u << 30) - 1;

    private void Count(VmEvent anon, bool file) => _counters[(int)anon + (file ? 1 : 0)]++;
}
