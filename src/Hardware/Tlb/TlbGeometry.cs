using System.Numerics;
using System.Runtime.CompilerServices;
using Sim.Hardware.Paging;

namespace Sim.Hardware.Tlb;

/// <summary>One translation buffer inside the slots of a CPU's TLBs.</summary>
/// <param name="FirstSlot">Its first slot.</param>
/// <param name="SetMask">Number of sets − 1.</param>
/// <param name="Ways">Slots of a set.</param>
/// <param name="Slots">Slots in all.</param>
public readonly record struct TlbSection(int FirstSlot, int SetMask, int Ways, int Slots);

/// <summary>
/// Where entries of a CPU's TLBs lie. All buffers share one row of slots, so that an event, a lookup and a hash name a
/// place in the same way. A tag is the page number of the linear address (52 bits, with the copies of its sign), with the
/// process-context identifier in the top 12 bits; a large page's tag has bit 50 inverted, which no canonical address has.
/// </summary>
public sealed class TlbGeometry
{
    /// <summary>Tag of an empty slot: not canonical, so no lookup finds it.</summary>
    public const ulong Empty = 1UL << 51;

    /// <summary>Identifier of global entries where PCID is on.</summary>
    public const int GlobalAsid = 0xFFF;

    /// <summary>Most ways of a first-level buffer: an event names the way in three bits.</summary>
    public const int MaxL1Ways = 8;

    /// <summary>Most ways of the second level: an event names the way in four bits.</summary>
    public const int MaxL2Ways = 16;

    private const ulong LargeMark = 1UL << 50;

    /// <exception cref="ArgumentException">A size is impossible; the message says which and why.</exception>
    public TlbGeometry(TlbOptions options, PagingMode mode)
    {
        int slots = 0;
        L1Instruction = Section(options.L1Instruction, MaxL1Ways, nameof(options.L1Instruction), ref slots);
        L1Data = Section(options.L1Data, MaxL1Ways, nameof(options.L1Data), ref slots);
        L1InstructionLarge = Section(options.L1InstructionLarge, MaxL1Ways, nameof(options.L1InstructionLarge), ref slots);
        L1DataLarge = Section(options.L1DataLarge, MaxL1Ways, nameof(options.L1DataLarge), ref slots);
        L2 = Section(options.L2, MaxL2Ways, nameof(options.L2), ref slots);
        Slots = slots;
        LargePageShift = mode.ShiftOf(1) - 12;
    }

    public TlbSection L1Instruction { get; }
    public TlbSection L1Data { get; }
    public TlbSection L1InstructionLarge { get; }
    public TlbSection L1DataLarge { get; }
    public TlbSection L2 { get; }

    /// <summary>Slots of a CPU.</summary>
    public int Slots { get; }

    /// <summary>Log2 of the 4 KiB pages in a large page.</summary>
    public int LargePageShift { get; }

    /// <summary>The first-level buffer for an access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TlbSection L1(bool instruction, bool large) =>
        instruction ? (large ? L1InstructionLarge : L1Instruction) : (large ? L1DataLarge : L1Data);

    /// <summary>The tag of a page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Tag(ulong vpn, int asid, bool large) =>
        (large ? (vpn >> LargePageShift << LargePageShift) ^ LargeMark : vpn) | (ulong)asid << 52;

    /// <summary>The first slot of the set that a page belongs to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int SetSlot(in TlbSection section, ulong vpn, bool large) =>
        section.FirstSlot + (int)((large ? vpn >> LargePageShift : vpn) & (ulong)section.SetMask) * section.Ways;

    private static TlbSection Section(TlbSize size, int maxWays, string name, ref int slots)
    {
        if (size.Ways < 1 || size.Ways > maxWays || size.Entries < size.Ways || size.Entries % size.Ways != 0
            || !BitOperations.IsPow2(size.Sets) || size.Entries > 1 << 20)
        {
            throw new ArgumentException(
                $"TLB {name}: {size.Entries} entries of {size.Ways} ways are impossible; use 1 to {maxWays} ways and a power of two of sets.");
        }
        var section = new TlbSection(slots, size.Sets - 1, size.Ways, size.Entries);
        slots += size.Entries;
        return section;
    }
}
