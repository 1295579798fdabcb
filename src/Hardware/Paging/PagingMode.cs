using System.Runtime.CompilerServices;

namespace Sim.Hardware.Paging;

/// <summary>
/// A page-table format. Levels count from the last one: level 0 holds the entries of 4 KiB pages, the highest level is
/// the table that CR3 points to.
/// <code>
/// i386    31        22 21        12 11          0          x86-64  47    39 38    30 29    21 20    12 11     0
///        | level 1   | level 0     | offset      |                | lvl 3  | lvl 2  | lvl 1  | lvl 0  | offset |
/// </code>
/// With PAE, 32-bit addresses go through levels 2 (4 entries), 1 and 0 of the form at the right.
/// Intel SDM volume 3A, figures 4-2, 4-5 and 4-8.
/// </summary>
public sealed class PagingMode
{
    private readonly int _indexBits;
    private readonly ulong _indexMask, _frameMask;
    private readonly ulong _reserved, _reservedLarge;

    private PagingMode(string name, int levels, int entryBytes, int virtualBits, int physicalBits, int largePageLevels, bool hasNoExecute)
    {
        Name = name;
        Levels = levels;
        EntryBytes = entryBytes;
        VirtualBits = virtualBits;
        PhysicalBits = physicalBits;
        LargePageLevels = largePageLevels;
        HasNoExecute = hasNoExecute;
        _indexBits = entryBytes == 8 ? 9 : 10;
        _indexMask = (1UL << _indexBits) - 1;
        ulong physicalMask = (1UL << physicalBits) - 1;
        _frameMask = physicalMask & ~0xFFFUL;
        _reserved = entryBytes == 8 ? ((1UL << 52) - 1) & ~physicalMask : 0;
        // Bit 12 of a large entry is PAT; between it and the frame number all bits are reserved.
        _reservedLarge = _reserved | (((1UL << (12 + _indexBits)) - 1) & ~0x1FFFUL);
    }

    /// <summary>Two levels of 1,024 four-byte entries, 4 KiB and 4 MiB pages (CR4.PSE set, PAE clear).</summary>
    public static PagingMode I386TwoLevel { get; } = new("i386", 2, 4, 32, 32, 1, hasNoExecute: false);

    /// <summary>
    /// Three levels of eight-byte entries, the top one with 4 of them, 4 KiB and 2 MiB pages, 32-bit addresses, 36 physical bits,
    /// XD (CR4.PAE set). The entries of the top level carry all rights, as those of the CPU carry none.
    /// </summary>
    public static PagingMode I386Pae { get; } = new("i386-pae", 3, 8, 32, 36, 1, hasNoExecute: true);

    /// <summary>Four levels of 512 eight-byte entries, 4 KiB and 2 MiB pages, 48-bit addresses, 46 physical bits, XD.</summary>
    public static PagingMode X86_64FourLevel { get; } = new("x86_64", 4, 8, 48, 46, 1, hasNoExecute: true);

    /// <summary>Name in messages and configurations.</summary>
    public string Name { get; }

    /// <summary>Number of levels.</summary>
    public int Levels { get; }

    /// <summary>Bytes of an entry.</summary>
    public int EntryBytes { get; }

    /// <summary>Entries of a table.</summary>
    public int EntriesPerTable => 4096 / EntryBytes;

    /// <summary>Significant bits of a linear address.</summary>
    public int VirtualBits { get; }

    /// <summary>Significant bits of a physical address.</summary>
    public int PhysicalBits { get; }

    /// <summary>Highest level at which an entry may map a large page.</summary>
    public int LargePageLevels { get; }

    /// <summary>Entries have the XD bit.</summary>
    public bool HasNoExecute { get; }

    /// <summary>Pages of 4 KiB in a large page of level 1: 512 or 1,024.</summary>
    public int PagesPerLargePage => EntriesPerTable;

    /// <summary>Index of the address's entry in the table of a level.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int IndexOf(ulong virtualAddress, int level) => (int)((virtualAddress >> ShiftOf(level)) & _indexMask);

    /// <summary>Log2 of the bytes that one entry of a level maps: 12 at level 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ShiftOf(int level) => 12 + level * _indexBits;

    /// <summary>An entry for a frame.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The format cannot express the frame.</exception>
    public ulong MakeEntry(long pfn, PteFlags flags)
    {
        ulong frame = (ulong)pfn << 12;
        if (pfn < 0 || (frame & ~_frameMask) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(pfn), pfn, $"A page-table entry of {Name} has {PhysicalBits} physical address bits.");
        }
        return frame | (HasNoExecute ? (ulong)flags : (uint)flags);
    }

    /// <summary>The frame an entry points to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long PfnOf(ulong entry) => (long)((entry & _frameMask) >> 12);

    /// <summary>The entry's flag bits.</summary>
    public PteFlags FlagsOf(ulong entry) => (PteFlags)(entry & ~_frameMask);

    /// <summary>True when a present entry of a level maps a page and does not point to a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsLeaf(ulong entry, int level) =>
        level == 0 || (level <= LargePageLevels && (entry & (ulong)PteFlags.Large) != 0);

    /// <summary>True when a present entry has a bit set that must be zero (page-fault error code RSVD).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasReservedBits(ulong entry, int level)
    {
        if (level == 0 || (entry & (ulong)PteFlags.Large) == 0)
        {
            return (entry & _reserved) != 0;
        }
        return level > LargePageLevels ? EntryBytes == 8 : (entry & _reservedLarge) != 0;
    }

    /// <summary>
    /// True when the address can be translated: with 48 bits, bits 63 to 47 are equal (otherwise #GP); else it has 32 bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsCanonical(ulong virtualAddress) =>
        VirtualBits > 32
            ? (ulong)((long)(virtualAddress << (64 - VirtualBits)) >> (64 - VirtualBits)) == virtualAddress
            : virtualAddress >> VirtualBits == 0;

    public override string ToString() => Name;
}
