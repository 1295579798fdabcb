using System.Runtime.CompilerServices;
using Sim.Kernel.Boot;
using Sim.Kernel.PerCpu;

namespace Sim.Kernel.Zones;

/// <summary>The levels of free memory that requests and reclaim are measured against (<c>enum zone_watermarks</c>).</summary>
public enum Watermark
{
    Min,
    Low,
    High,

    /// <summary>Up to here a node keeps memory free for pages promoted to it.</summary>
    Promo,
}

/// <summary>
/// A zone: a range of frames with its free lists, page-block types, watermarks and per-CPU lists
/// (<c>struct zone</c>). Part of the sourced state; changed by <c>Apply</c> only. Sizes are in pages.
/// </summary>
public sealed class Zone
{
    private readonly long[] _watermarks = new long[4];
    private readonly long[] _managedAt = new long[(int)BootMoment.Late + 1];
    private readonly long[] _lowmemReserve = new long[ZoneTypes.Count];
    private readonly int[] _freeBlocks = new int[PageOrder.Count];
    private readonly int[] _listLengths = new int[PageOrder.Count * MigrateTypes.Count];
    private readonly byte[] _blockTypes;
    private readonly int[] _freePagesDiff;
    private readonly int _firstBlock;
    private readonly int _pageblockOrder;
    private readonly int _firstList;

    /// <param name="range">Where the zone lies and what it is called.</param>
    /// <param name="pageblockOrder">Order of the blocks that share a migratetype.</param>
    /// <param name="firstFreeList">Number of the head of its first free list in the frame table.</param>
    /// <param name="perCpu">Its per-CPU lists, by CPU.</param>
    internal Zone(ZoneRange range, int pageblockOrder, int firstFreeList, PerCpuPages[] perCpu)
    {
        Type = range.Type;
        StartPfn = range.StartPfn;
        SpannedPages = range.SpannedPages;
        PresentPages = range.PresentPages;
        PerCpu = perCpu;
        _freePagesDiff = new int[perCpu.Length];
        _pageblockOrder = pageblockOrder;
        _firstList = firstFreeList;
        _firstBlock = (int)(StartPfn >> pageblockOrder);
        _blockTypes = new byte[((EndPfn - 1) >> pageblockOrder) - _firstBlock + 1];
    }

    /// <summary>Which zone it is.</summary>
    public ZoneType Type { get; }

    /// <summary>First frame.</summary>
    public long StartPfn { get; }

    /// <summary>Frame numbers from first to last, holes included.</summary>
    public long SpannedPages { get; }

    /// <summary>Frames that memory stands behind.</summary>
    public long PresentPages { get; }

    /// <summary>One past the last frame.</summary>
    public long EndPfn => StartPfn + SpannedPages;

    /// <summary>Frames handed to the buddy system so far.</summary>
    public long ManagedPages { get; internal set; }

    /// <summary>What <see cref="ManagedPages"/> was at a moment of boot; 0 before it.</summary>
    public long ManagedAt(BootMoment moment) => _managedAt[(int)moment];

    /// <summary>Frames on the buddy lists; those on per-CPU lists do not count.</summary>
    public long FreePages { get; internal set; }

    /// <summary>
    /// The counter <c>NR_FREE_PAGES</c>, which watermarks are checked against: <see cref="FreePages"/> without what the CPUs
    /// have not added yet.
    /// </summary>
    public long FreePagesCounter { get; private set; }

    /// <summary>Changes a CPU gathers before it adds them to the counter (<c>stat_threshold</c>).</summary>
    public int StatThreshold { get; private set; }

    /// <summary>kswapd balances the zone (<c>ZONE_RECLAIM_ACTIVE</c>): per-CPU lists keep less.</summary>
    public bool IsReclaimActive { get; internal set; }

    /// <summary>The zone began with captured lists: some of its held frames are not managed, and it is unknown which.</summary>
    public bool HasHeldFrames { get; internal set; }

    /// <summary>True when the zone has memory that the allocator manages.</summary>
    public bool IsPopulated => PresentPages > 0;

    /// <summary>The per-CPU lists, by CPU.</summary>
    public PerCpuPages[] PerCpu { get; }

    /// <summary>Page-block types by block, the zone's first block first.</summary>
    public ReadOnlySpan<byte> PageblockTypes => _blockTypes;

    /// <summary>A watermark, raised by the boost (<c>wmark_pages</c>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Watermark(Watermark level) => _watermarks[(int)level] + WatermarkBoost;

    /// <summary>
    /// By how much the watermarks are raised for the time being, because blocks of other migratetypes had to be broken up;
    /// kswapd takes it back (<c>watermark_boost</c>).
    /// </summary>
    public long WatermarkBoost { get; internal set; }

    /// <summary>Pages of the page blocks kept for urgent requests of higher orders (<c>nr_reserved_highatomic</c>).</summary>
    public long ReservedHighAtomic { get; internal set; }

    /// <summary>Pages kept from requests that could have used zones up to <paramref name="highest"/> (<c>lowmem_reserve</c>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long LowmemReserve(ZoneType highest) => _lowmemReserve[(int)highest];

    /// <summary>Free blocks of an order, all migratetypes (<c>nr_free</c>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FreeBlocks(int order) => _freeBlocks[order];

    /// <summary>Free blocks on one list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FreeBlocks(int order, MigrateType type) => _listLengths[(order * MigrateTypes.Count) + (int)type];

    /// <summary>Number of the head of a free list in the frame table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FreeList(int order, MigrateType type) => _firstList + (order * MigrateTypes.Count) + (int)type;

    /// <summary>The migratetype of the page block that a frame of the zone lies in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MigrateType PageblockType(long pfn) => (MigrateType)_blockTypes[(int)(pfn >> _pageblockOrder) - _firstBlock];

    /// <summary>True when the frame number lies between the zone's first and last frame.</summary>
    public bool Spans(long pfn) => pfn >= StartPfn && pfn < EndPfn;

    internal void SetPageblockType(long pfn, MigrateType type) => _blockTypes[(int)(pfn >> _pageblockOrder) - _firstBlock] = (byte)type;

    internal void SetManagedAt(BootMoment moment, long pages) => _managedAt[(int)moment] = pages;

    internal void SetWatermark(Watermark level, long pages) => _watermarks[(int)level] = pages;

    internal void SetLowmemReserve(ZoneType highest, long pages) => _lowmemReserve[(int)highest] = pages;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CountBlock(int order, MigrateType type, int change)
    {
        _freeBlocks[order] += change;
        _listLengths[(order * MigrateTypes.Count) + (int)type] += change;
    }

    /// <summary>What a CPU has not added to the counter yet.</summary>
    public int FreePagesDiff(int cpu) => _freePagesDiff[cpu];

    /// <summary>Counts a change of the free pages on a CPU (<c>__mod_zone_page_state</c>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CountFree(int cpu, int pages)
    {
        int diff = _freePagesDiff[cpu] + pages;
        if (Math.Abs(diff) > StatThreshold)
        {
            FreePagesCounter += diff;
            diff = 0;
        }
        _freePagesDiff[cpu] = diff;
    }

    /// <summary>A CPU adds what it has gathered (<c>refresh_cpu_vm_stats</c>).</summary>
    internal void FlushFreePages(int cpu)
    {
        FreePagesCounter += _freePagesDiff[cpu];
        _freePagesDiff[cpu] = 0;
    }

    /// <summary>The threshold grows with the CPUs and the zone (<c>calculate_normal_threshold</c>, mm/vmstat.c).</summary>
    internal void SetStatThreshold(int cpus)
    {
        const int greatest = 125;
        int units = (int)(ManagedPages >> (27 - Page.Shift));
        StatThreshold = Math.Min(greatest, 2 * BitsOf(cpus) * (1 + BitsOf(units)));
    }

    /// <summary>Sets the counter; the difference to the free pages counted so far is the CPU's.</summary>
    internal void SetFreePagesCounter(long pages, int cpu)
    {
        FreePagesCounter = pages;
        _freePagesDiff[cpu] = 0;
        long others = 0;
        foreach (int diff in _freePagesDiff)
        {
            others += diff;
        }
        _freePagesDiff[cpu] = (int)(FreePages - pages - others);
    }

    private static int BitsOf(int value) => 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)value);

    internal void HashInto(ref Engine.Events.XxHash64 hash)
    {
        hash.Add((long)Type);
        hash.Add(ManagedPages);
        hash.Add(FreePages);
        hash.Add(FreePagesCounter);
        hash.Add(StatThreshold);
        hash.Add((IsReclaimActive ? 1 : 0) | (HasHeldFrames ? 2 : 0));
        hash.AddSpan<int>(_freePagesDiff);
        hash.Add(WatermarkBoost);
        hash.Add(ReservedHighAtomic);
        hash.AddSpan<long>(_managedAt);
        hash.AddSpan<long>(_watermarks);
        hash.AddSpan<long>(_lowmemReserve);
        hash.AddSpan<int>(_listLengths);
        hash.AddSpan<byte>(_blockTypes);
        foreach (PerCpuPages pcp in PerCpu)
        {
            hash.Add(pcp.Count);
            hash.Add(pcp.High);
            hash.Add(pcp.Batch);
            hash.Add(pcp.FreeFactor);
        }
    }
}
