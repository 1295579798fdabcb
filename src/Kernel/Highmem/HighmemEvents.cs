using Sim.Engine.Events;

namespace Sim.Kernel.Highmem;

/// <summary>A page of high memory got a permanent mapping and its first user (<c>map_new_virtual</c>, <c>kmap_high</c>).</summary>
/// <param name="PkmapSlot">Number of the mapping.</param>
/// <param name="Pfn">The page.</param>
[Event(218, "kmap.map")]
public readonly partial record struct KmapMap(
    int PkmapSlot, [Unit("pfn"), Delta(25)] long Pfn);

/// <summary>A page that has a permanent mapping got another user; with none left since the last flush, the mapping is used again.</summary>
/// <param name="PkmapSlot">Number of the mapping.</param>
[Event(219, "kmap.get")]
public readonly partial record struct KmapGet(int PkmapSlot);

/// <summary>A user of a permanent mapping is done (<c>kunmap_high</c>).</summary>
/// <param name="PkmapSlot">Number of the mapping.</param>
[Event(220, "kmap.put")]
public readonly partial record struct KmapPut(int PkmapSlot);

/// <summary>The permanent mappings without a user were taken down (<c>flush_all_zero_pkmaps</c>); all CPUs drop their translations.</summary>
/// <param name="PkmapSlots">How many.</param>
[Event(221, "kmap.flush")]
public readonly partial record struct KmapFlush(int PkmapSlots);

/// <summary>A fixed address was given to a frame, or taken from it: a CPU's temporary mapping (<c>kmap_local_page</c>) or one of the kernel's own (<c>set_fixmap</c>).</summary>
/// <param name="FixmapIndex">Number of the fixed address, counted down from the top.</param>
/// <param name="Pfn">The frame; -1 for none any more.</param>
[Event(222, "fixmap.set")]
public readonly partial record struct FixmapSet(
    int FixmapIndex, [Unit("pfn")] long Pfn);
