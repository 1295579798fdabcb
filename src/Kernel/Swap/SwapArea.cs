using Sim.Engine.Events;

namespace Sim.Kernel.Swap;

/// <summary>
/// The slots of the swap area: who needs each, and which comes next (<c>swap_info_struct</c>, mm/swapfile.c, Linux 6.1).
/// On a device with seeks slots are taken in runs of free ones as long as a cluster, then next fit; on others cluster by cluster.
/// Slot 0 is the area's header. Sourced state.
/// </summary>
public sealed class SwapArea
{
    /// <summary>The page is in the swap cache, or a CPU has put the slot aside (<c>SWAP_HAS_CACHE</c>).</summary>
    private const ushort HasCache = 0x8000;

    /// <summary>The device holds something for the slot.</summary>
    private const ushort HasData = 0x4000;

    private const ushort CountMask = HasData - 1;

    private readonly ushort[] _map;
    private readonly uint[] _shadows;
    private readonly SwapClusters? _clusters;
    private int _lowest = 1, _highest, _next = 1, _runLeft;

    internal SwapArea(int slots, int cpus, bool rotational, int clusterSlots)
    {
        ClusterSlots = clusterSlots;
        _map = new ushort[slots];
        _shadows = new uint[slots];
        _highest = slots - 1;
        if (slots > 0)
        {
            _map[0] = HasCache;
            _clusters = rotational ? null : new SwapClusters(slots, cpus, clusterSlots);
        }
    }

    /// <summary>
    /// Slots of a cluster (<c>SWAPFILE_CLUSTER</c>): those of a huge page where huge pages are swapped out as a whole
    /// (<c>CONFIG_THP_SWAP</c>, on 64-bit kernels), 256 elsewhere.
    /// </summary>
    public int ClusterSlots { get; }

    /// <summary>Slots that pages can have.</summary>
    public int Pages => Math.Max(_map.Length - 1, 0);

    /// <summary>Slots taken (<c>inuse_pages</c>).</summary>
    public int InUse { get; private set; }

    /// <summary>Slots that can be taken (<c>nr_swap_pages</c>).</summary>
    public int Free => Pages - InUse;

    /// <summary>True when more than half is taken: then pages in use give their slots up (<c>vm_swap_full</c>).</summary>
    public bool IsFull => Free * 2 < Pages;

    /// <summary>Page-table entries that name a slot, and objects of shared memory (<c>__swap_count</c>).</summary>
    public int Count(int slot) => _map[slot] & CountMask;

    /// <summary>The slot is taken by the swap cache or put aside by a CPU.</summary>
    public bool IsCached(int slot) => (_map[slot] & HasCache) != 0;

    /// <summary>What the page that was last in the slot left when it was evicted; 0 for nothing.</summary>
    public uint Shadow(int slot) => _shadows[slot];

    internal void SetShadow(int slot, uint shadow) => _shadows[slot] = shadow;

    /// <summary>One page-table entry or object more names the slot (<c>swap_duplicate</c>, <c>swap_shmem_alloc</c>).</summary>
    internal void AddEntry(int slot)
    {
        if (Count(slot) == CountMask)
        {
            throw new OverflowException($"Slot {slot} of the swap area is named by more than {CountMask} page-table entries.");
        }
        _map[slot]++;
    }

    /// <summary>One less; the number of those left.</summary>
    internal int DropEntry(int slot)
    {
        if (Count(slot) == 0)
        {
            throw new InvalidOperationException($"Slot {slot} of the swap area is freed more often than it was taken (Bad swap offset entry).");
        }
        return --_map[slot] & CountMask;
    }

    internal void SetCached(int slot, bool cached) =>
        _map[slot] = (ushort)(cached ? _map[slot] | HasCache : _map[slot] & ~HasCache);

    /// <summary>Slots that the device holds something for.</summary>
    public int Stored { get; private set; }

    /// <summary>A page was written to the slot.</summary>
    internal void Store(int slot)
    {
        Stored += (_map[slot] & HasData) == 0 ? 1 : 0;
        _map[slot] |= HasData;
    }

    /// <summary>Nobody needs the slot any more (<c>swap_entry_free</c>).</summary>
    internal void Release(int slot)
    {
        Stored -= (_map[slot] & HasData) != 0 ? 1 : 0;
        _map[slot] = 0;
        _shadows[slot] = 0;
        InUse--;
        _lowest = Math.Min(_lowest, slot);
        _highest = Math.Max(_highest, slot);
        _clusters?.Free(slot);
    }

    /// <summary>Takes free slots and marks them as put aside (<c>scan_swap_map_slots</c>); returns how many.</summary>
    internal int Take(int cpu, Span<int> slots)
    {
        int taken = 0;
        while (taken < slots.Length && Free > 0)
        {
            int slot = _clusters?.Find(cpu, _map) ?? -1;
            bool cluster = slot >= 0;
            if (!cluster)
            {
                // A run of slots ends where the next one is taken: what else is wanted comes another time.
                if (taken > 0 && (_clusters is not null || _runLeft == 0 || _next > _highest || _map[_next] != 0))
                {
                    break;
                }
                slot = NextFit();
            }
            Mark(slot);
            _next = slot + 1;
            slots[taken++] = slot;
        }
        return taken;
    }

    /// <summary>First slot of a cluster that is free as a whole, on a device without seeks; 0 for none.</summary>
    public int FreeCluster => Free >= ClusterSlots && _clusters is { FirstFree: > 0 and var first } ? first : 0;

    /// <summary>Takes a free cluster and marks its slots as put aside.</summary>
    internal void TakeCluster(int first)
    {
        for (int slot = first; slot < first + ClusterSlots; slot++)
        {
            Mark(slot);
        }
    }

    private void Mark(int slot)
    {
        _map[slot] = HasCache;
        _shadows[slot] = 0;
        InUse++;
        _clusters?.Take(slot);
        _lowest = slot == _lowest ? slot + 1 : _lowest;
        _highest = slot == _highest ? slot - 1 : _highest;
        if (Free == 0)
        {
            (_lowest, _highest) = (_map.Length, 0);
        }
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.AddSpan<ushort>(_map);
        hash.AddSpan<uint>(_shadows);
        hash.Add(InUse);
        hash.Add(Stored);
        hash.Add(_lowest);
        hash.Add(_highest);
        hash.Add(_next);
        hash.Add(_runLeft);
        _clusters?.HashInto(ref hash);
    }

    /// <summary>Goes on behind the slot taken last; when the run is used up, where so many free slots follow each other.</summary>
    private int NextFit()
    {
        if (_runLeft == 0)
        {
            _runLeft = ClusterSlots;
            int run = Free >= ClusterSlots ? FindRun() : -1;
            _next = run >= 0 ? run : _next;
        }
        _runLeft--;
        int start = _next > _highest || _next < _lowest ? _lowest : _next;
        for (int slot = start; slot <= _highest; slot++)
        {
            if (_map[slot] == 0)
            {
                return slot;
            }
        }
        for (int slot = _lowest; slot < start; slot++)
        {
            if (_map[slot] == 0)
            {
                return slot;
            }
        }
        throw new InvalidOperationException($"The swap area counts {Free} free slots and has none.");
    }

    private int FindRun()
    {
        int free = 0;
        for (int slot = _lowest; slot <= _highest; slot++)
        {
            free = _map[slot] == 0 ? free + 1 : 0;
            if (free == ClusterSlots)
            {
                return slot - ClusterSlots + 1;
            }
        }
        return -1;
    }
}
