using Sim.Hardware.Tlb;

namespace Sim.Hardware.Paging;

/// <summary>
/// Paging-structure cache (Intel SDM volume 3A, section 4.10.3): for a range that one last-level table maps, the table and the rights
/// on the way to it, so that a walk reads one entry. Direct mapped. Execution state: it never outlives an invalidation.
/// </summary>
internal sealed class PdeCache
{
    private readonly Entry[] _entries;
    private readonly int _shift;
    private long _filling = 1;

    private struct Entry
    {
        public ulong Tag;
        public long TablePfn;
        public long Filling;
        public TlbFlags Rights;
    }

    public PdeCache(int entries, PagingMode mode)
    {
        _entries = new Entry[entries];
        _shift = mode.ShiftOf(1);
    }

    /// <summary>Forgets everything: what is there now is of an earlier filling.</summary>
    public void Clear() => _filling++;

    /// <summary>Finds the last-level table for an address.</summary>
    public bool TryGet(ulong virtualAddress, out long tablePfn, out TlbFlags rights)
    {
        ulong tag = virtualAddress >> _shift;
        if (_entries.Length > 0)
        {
            ref Entry entry = ref _entries[(int)(tag & (ulong)(_entries.Length - 1))];
            if (entry.Tag == tag && entry.Filling == _filling)
            {
                tablePfn = entry.TablePfn;
                rights = entry.Rights;
                return true;
            }
        }
        tablePfn = -1;
        rights = TlbFlags.None;
        return false;
    }

    /// <summary>Remembers the last-level table for an address.</summary>
    public void Put(ulong virtualAddress, long tablePfn, TlbFlags rights)
    {
        ulong tag = virtualAddress >> _shift;
        if (_entries.Length > 0)
        {
            _entries[(int)(tag & (ulong)(_entries.Length - 1))] = new Entry
            {
                Tag = tag,
                TablePfn = tablePfn,
                Filling = _filling,
                Rights = rights,
            };
        }
    }
}
