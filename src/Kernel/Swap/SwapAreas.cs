using Sim.Engine.Events;

namespace Sim.Kernel.Swap;

/// <summary>
/// All swap areas: which one the next slots come from, and the slots of all of them by one number, the area's own above the
/// slot's (<c>swap_info</c>, <c>swap_avail_heads</c>, <c>get_swap_pages</c> of mm/swapfile.c, Linux 6.1). Sourced state.
/// </summary>
public sealed class SwapAreas
{
    /// <summary>Most areas.</summary>
    public const int Max = 16;

    /// <summary>Bits of a slot's place in its area; the area's number is above them (<c>swp_type</c>, <c>swp_offset</c>).</summary>
    public const int TypeShift = 26;

    private readonly SwapArea[] _areas;
    private readonly int[] _priorities;
    private readonly SwapDevice[] _devices;

    // Areas with free slots, by priority; of equal ones that comes first which has not given any for longest.
    private readonly List<int> _available = [];

    internal SwapAreas(SwapOptions options, int cpus, int clusterSlots)
    {
        IReadOnlyList<SwapAreaOptions> areas = options.AllAreas;
        ClusterSlots = clusterSlots;
        _areas = new SwapArea[areas.Count];
        _priorities = new int[areas.Count];
        _devices = [.. areas.Select(area => area.Device)];
        // swapon gives what has no priority the next one below -1 (least_priority).
        int least = -1;
        for (int type = 0; type < areas.Count; type++)
        {
            _areas[type] = new SwapArea(areas[type].Slots, cpus, areas[type].Device == SwapDevice.Hdd, clusterSlots);
            _priorities[type] = areas[type].Priority >= 0 ? areas[type].Priority : --least;
            Pages += _areas[type].Pages;
            MakeAvailable(type);
        }
    }

    /// <summary>Number of areas.</summary>
    public int Count => _areas.Length;

    /// <summary>An area by its number, in the order of <c>swapon</c>.</summary>
    public SwapArea this[int type] => _areas[type];

    /// <summary>What an area is on.</summary>
    public SwapDevice Device(int type) => _devices[type];

    /// <summary>Some area is on a device with a head that moves (<c>nr_rotate_swap</c>).</summary>
    public bool AnyRotational => Array.IndexOf(_devices, SwapDevice.Hdd) >= 0;

    /// <summary>Slots that compressed memory holds something for.</summary>
    public int StoredInMemory
    {
        get
        {
            int stored = 0;
            for (int type = 0; type < _areas.Length; type++)
            {
                stored += _devices[type] == SwapDevice.Zram ? _areas[type].Stored : 0;
            }
            return stored;
        }
    }

    /// <summary>An area's priority; below 0 for one that was given none (<c>si->prio</c>).</summary>
    public int Priority(int type) => _priorities[type];

    /// <summary>Slots of a cluster (<c>SWAPFILE_CLUSTER</c>).</summary>
    public int ClusterSlots { get; }

    /// <summary>Slots that pages can have (<c>total_swap_pages</c>).</summary>
    public int Pages { get; }

    /// <summary>Slots taken.</summary>
    public int InUse { get; private set; }

    /// <summary>Slots that can be taken (<c>nr_swap_pages</c>).</summary>
    public int Free => Pages - InUse;

    /// <summary>True when more than half is taken: then pages in use give their slots up (<c>vm_swap_full</c>).</summary>
    public bool IsFull => Free * 2L < Pages;

    /// <summary>The area that a slot is in (<c>swp_type</c>).</summary>
    public static int TypeOf(int slot) => slot >> TypeShift;

    /// <summary>A slot's place in its area (<c>swp_offset</c>).</summary>
    public static int OffsetOf(int slot) => slot & ((1 << TypeShift) - 1);

    /// <summary>The number of a slot.</summary>
    public static int SlotOf(int type, int offset) => (type << TypeShift) | offset;

    /// <summary>The areas have such a slot.</summary>
    public bool Has(int slot) =>
        slot > 0 && TypeOf(slot) < _areas.Length && OffsetOf(slot) is > 0 and var offset && offset <= _areas[TypeOf(slot)].Pages;

    /// <summary>All slots that pages can have.</summary>
    public IEnumerable<int> Slots =>
        _areas.SelectMany((area, type) => Enumerable.Range(1, area.Pages).Select(offset => SlotOf(type, offset)));

    /// <inheritdoc cref="SwapArea.Count"/>
    public int CountOf(int slot) => _areas[TypeOf(slot)].Count(OffsetOf(slot));

    /// <inheritdoc cref="SwapArea.IsCached"/>
    public bool IsCached(int slot) => _areas[TypeOf(slot)].IsCached(OffsetOf(slot));

    /// <inheritdoc cref="SwapArea.Shadow"/>
    public uint Shadow(int slot) => _areas[TypeOf(slot)].Shadow(OffsetOf(slot));

    internal void SetShadow(int slot, uint shadow) => _areas[TypeOf(slot)].SetShadow(OffsetOf(slot), shadow);

    internal void AddEntry(int slot) => _areas[TypeOf(slot)].AddEntry(OffsetOf(slot));

    internal int DropEntry(int slot) => _areas[TypeOf(slot)].DropEntry(OffsetOf(slot));

    internal void SetCached(int slot, bool cached) => _areas[TypeOf(slot)].SetCached(OffsetOf(slot), cached);

    internal void Store(int slot) => _areas[TypeOf(slot)].Store(OffsetOf(slot));

    /// <summary>Nobody needs the slot any more; an area that was full gives slots again, as the last of its priority.</summary>
    internal void Release(int slot)
    {
        SwapArea area = _areas[TypeOf(slot)];
        bool full = area.Free == 0;
        area.Release(OffsetOf(slot));
        InUse--;
        if (full)
        {
            MakeAvailable(TypeOf(slot));
        }
    }

    /// <summary>Takes free slots of the area whose turn it is, and marks them as put aside; returns how many.</summary>
    internal int Take(int cpu, Span<int> slots)
    {
        while (_available.Count > 0)
        {
            int type = NextInTurn(0);
            int taken = _areas[type].Take(cpu, slots);
            for (int i = 0; i < taken; i++)
            {
                slots[i] = SlotOf(type, slots[i]);
            }
            Took(type, taken);
            if (taken > 0)
            {
                return taken;
            }
        }
        return 0;
    }

    /// <summary>First slot of a cluster that is free as a whole in the area whose turn it is; 0 for none. Only that area is looked at.</summary>
    public int FreeCluster =>
        Free >= ClusterSlots && _available.Count > 0 && _areas[_available[0]].FreeCluster is > 0 and var first ? SlotOf(_available[0], first) : 0;

    /// <summary>Takes a free cluster of the area whose turn it is, or with 0 none because it has none; its turn is over in any case.</summary>
    internal void TakeCluster(int first)
    {
        int type = NextInTurn(0);
        if (first != 0)
        {
            _areas[type].TakeCluster(OffsetOf(first));
            Took(type, ClusterSlots);
        }
    }

    internal void HashInto(ref XxHash64 hash)
    {
        foreach (SwapArea area in _areas)
        {
            area.HashInto(ref hash);
        }
        if (_areas.Length > 1)
        {
            foreach (int type in _available)
            {
                hash.Add(type);
            }
        }
    }

    /// <summary>The area at a place of the order; it goes behind its equals (<c>plist_requeue</c>).</summary>
    private int NextInTurn(int place)
    {
        int type = _available[place];
        _available.RemoveAt(place);
        MakeAvailable(type);
        return type;
    }

    private void Took(int type, int slots)
    {
        InUse += slots;
        if (_areas[type].Free == 0)
        {
            _available.Remove(type);
        }
    }

    private void MakeAvailable(int type)
    {
        int place = 0;
        while (place < _available.Count && _priorities[_available[place]] >= _priorities[type])
        {
            place++;
        }
        _available.Insert(place, type);
    }
}
