using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>What a range of physical addresses is.</summary>
public enum MemoryRangeType : byte
{
    /// <summary>Ordinary memory.</summary>
    Usable,

    /// <summary>Firmware's or a device's; never given to the kernel.</summary>
    Reserved,
}

/// <summary>One entry of the firmware's memory map (BIOS E820).</summary>
/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Type">What it is.</param>
public readonly record struct MemoryRange(long Start, long Length, MemoryRangeType Type);

/// <summary>A range of whole page frames.</summary>
/// <param name="StartPfn">First frame.</param>
/// <param name="EndPfn">One past the last frame.</param>
public readonly record struct PageRange(long StartPfn, long EndPfn)
{
    /// <summary>Number of frames.</summary>
    public long Pages => EndPfn - StartPfn;
}

/// <summary>
/// The machine's physical memory as the firmware describes it, and the whole frames of it that a kernel can use:
/// usable ranges rounded inwards, reserved ranges outwards, frame 0 never. Immutable.
/// </summary>
public sealed class MemoryMap
{
    /// <summary>Ordinary memory below this address is never usable on a PC: video memory and firmware.</summary>
    private const long LegacyHoleStart = 0xA0000, LegacyHoleEnd = 0x100000;
    private const long ExtendedBiosStart = 0x9FC00, BiosStart = 0xF0000;

    /// <summary>What the firmware keeps of the end of low memory for its tables.</summary>
    private const long AcpiBytes = 0x29000;

    /// <summary>From this size on the memory above 3 GiB moves behind 4 GiB, to leave room for devices.</summary>
    private const long SplitSize = 0xE0000000, LowWhenSplit = 0xC0000000;
    private const long FourGiB = 1L << 32;

    /// <summary>The firmware's flash memory, and what AMD's processors keep below 1 TiB.</summary>
    private const long FlashStart = 0xFFFC0000, HyperTransportStart = 0xFD_0000_0000, HyperTransportBytes = 12L << 30;

    /// <param name="ranges">Entries in any order; where a reserved and a usable entry overlap, reserved wins.</param>
    /// <exception cref="ImpossibleMachineException">An entry is empty, negative or out of range, usable entries overlap, or nothing is usable.</exception>
    public MemoryMap(IReadOnlyList<MemoryRange> ranges)
    {
        Ranges = [.. ranges];
        Usable = UsablePages(Ranges);
        if (Usable.Count == 0)
        {
            throw new ImpossibleMachineException("machine.memoryMap",
                "the memory map has no whole usable page", "add an entry of type usable of at least 4096 bytes above address 4096");
        }
    }

    /// <summary>The entries as given.</summary>
    public IReadOnlyList<MemoryRange> Ranges { get; }

    /// <summary>The usable frames: sorted, disjoint, not adjacent.</summary>
    public IReadOnlyList<PageRange> Usable { get; }

    /// <summary>One past the last usable frame.</summary>
    public long EndPfn => Usable[^1].EndPfn;

    /// <summary>Number of usable frames.</summary>
    public long UsablePageCount
    {
        get
        {
            long pages = 0;
            foreach (PageRange range in Usable)
            {
                pages += range.Pages;
            }
            return pages;
        }
    }

    /// <summary>
    /// The map of a PC with that much memory: the holes below 1 MiB, firmware tables at the end of low memory, and the
    /// memory above 3 GiB moved behind 4 GiB when there are 3.5 GiB or more (as QEMU's and SeaBIOS's i440FX machine has it).
    /// </summary>
    /// <exception cref="ImpossibleMachineException">The size is not positive, not a multiple of the page size, or below 2 MiB.</exception>
    public static MemoryMap FromSize(long bytes)
    {
        if (bytes < 2L << 20 || bytes % Page.Size != 0 || bytes >> Page.Shift > FrameTable.MaxFrames - (1 << 18))
        {
            throw new ImpossibleMachineException("machine.memory", $"a machine cannot have {bytes} bytes of memory",
                "give a multiple of 4096 bytes from 2 MiB to 4095 GiB, such as \"1GiB\"");
        }
        long low = bytes < SplitSize ? bytes : LowWhenSplit;
        var ranges = new List<MemoryRange>
        {
            new(0, ExtendedBiosStart, MemoryRangeType.Usable),
            new(ExtendedBiosStart, LegacyHoleStart - ExtendedBiosStart, MemoryRangeType.Reserved),
            new(BiosStart, LegacyHoleEnd - BiosStart, MemoryRangeType.Reserved),
            new(LegacyHoleEnd, low - AcpiBytes - LegacyHoleEnd, MemoryRangeType.Usable),
            new(low - AcpiBytes, AcpiBytes, MemoryRangeType.Reserved),
        };
        if (low < bytes)
        {
            ranges.Add(new MemoryRange(FourGiB, bytes - low, MemoryRangeType.Usable));
        }
        ranges.Add(new MemoryRange(FlashStart, FourGiB - FlashStart, MemoryRangeType.Reserved));
        ranges.Add(new MemoryRange(HyperTransportStart, HyperTransportBytes, MemoryRangeType.Reserved));
        return new MemoryMap(ranges);
    }

    private static List<PageRange> UsablePages(IReadOnlyList<MemoryRange> ranges)
    {
        var usable = new List<PageRange>();
        var reserved = new List<PageRange> { new(0, 1) };
        for (int i = 0; i < ranges.Count; i++)
        {
            MemoryRange range = ranges[i];
            if (range.Start < 0 || range.Length <= 0 || range.Start > long.MaxValue - range.Length - Page.Size)
            {
                throw Bad(i, $"its start ({range.Start}) and length ({range.Length}) describe no range of addresses",
                    "give a start of at least 0 and a length of at least 1");
            }
            long end = range.Start + range.Length;
            if (range.Type == MemoryRangeType.Reserved)
            {
                reserved.Add(new PageRange(range.Start >> Page.Shift, (end + Page.Size - 1) >> Page.Shift));
            }
            else if (end >> Page.Shift > FrameTable.MaxFrames)
            {
                throw Bad(i, $"it ends at 0x{end:x}", $"keep usable memory below {FrameTable.MaxFrames >> 18} GiB");
            }
            else
            {
                var pages = new PageRange((range.Start + Page.Size - 1) >> Page.Shift, end >> Page.Shift);
                foreach (PageRange other in usable)
                {
                    if (pages.StartPfn < other.EndPfn && other.StartPfn < pages.EndPfn)
                    {
                        throw Bad(i, "it overlaps another usable entry", "give every usable address once");
                    }
                }
                if (pages.Pages > 0)
                {
                    usable.Add(pages);
                }
            }
        }
        return Subtract(usable, reserved);
    }

    /// <summary>Sorted ranges of <paramref name="from"/> without the frames of <paramref name="cut"/>.</summary>
    internal static List<PageRange> Subtract(IReadOnlyList<PageRange> from, IReadOnlyList<PageRange> cut)
    {
        var sortedCut = cut.OrderBy(r => r.StartPfn).ThenBy(r => r.EndPfn).ToList();
        var result = new List<PageRange>();
        foreach (PageRange range in from.OrderBy(r => r.StartPfn).ThenBy(r => r.EndPfn))
        {
            long start = range.StartPfn;
            foreach (PageRange hole in sortedCut)
            {
                if (hole.EndPfn <= start || hole.StartPfn >= range.EndPfn)
                {
                    continue;
                }
                Append(result, start, hole.StartPfn);
                start = hole.EndPfn;
            }
            Append(result, start, range.EndPfn);
        }
        return result;
    }

    private static void Append(List<PageRange> ranges, long start, long end)
    {
        if (start >= end)
        {
            return;
        }
        if (ranges.Count > 0 && ranges[^1].EndPfn == start)
        {
            ranges[^1] = new PageRange(ranges[^1].StartPfn, end);
            return;
        }
        ranges.Add(new PageRange(start, end));
    }

    private static ImpossibleMachineException Bad(int entry, string what, string remedy) =>
        new($"machine.memoryMap[{entry}]", what, remedy);
}
