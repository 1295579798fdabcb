using System.Runtime.CompilerServices;
using Sim.Hardware.Memory;
using Sim.Hardware.Paging;

namespace Sim.Kernel.Mm;

/// <summary>
/// Page tables in simulated frames, as the kernel reads and writes them. Writing is for <c>Apply</c>. Levels count as in
/// <see cref="PagingMode"/>: 0 holds the entries of pages.
/// </summary>
public sealed class PageTables(PhysicalMemory memory, PagingMode mode)
{
    /// <summary>Flags of an entry that points to a table (<c>_PAGE_TABLE</c>): the leaf entries decide what is allowed.</summary>
    public const PteFlags TableFlags = PteFlags.Present | PteFlags.Write | PteFlags.User | PteFlags.Accessed | PteFlags.Dirty;

    private readonly int _entryBytes = mode.EntryBytes;
    private readonly int _levels = mode.Levels;

    /// <summary>The format.</summary>
    public PagingMode Mode => mode;

    /// <summary>The table with the page's entry, or -1 when it is missing or a large page is in its place.</summary>
    /// <param name="root">Frame of the top-level table.</param>
    /// <param name="address">Any address in the page.</param>
    /// <param name="missingLevel">Level of the uppermost missing table; -1 when none is missing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long FindLeafTable(long root, ulong address, out int missingLevel)
    {
        long table = root;
        for (int level = _levels - 1; level > 0; level--)
        {
            ulong entry = memory.Read(table, mode.IndexOf(address, level), _entryBytes);
            if ((entry & (ulong)(PteFlags.Present | PteFlags.Large)) != (ulong)PteFlags.Present)
            {
                missingLevel = level - 1;
                return -1;
            }
            table = mode.PfnOf(entry);
        }
        missingLevel = -1;
        return table;
    }

    /// <summary>The page's entry, for a page of a large one as if it had its own; 0 when it or a table above it is missing.</summary>
    public ulong ReadPte(long root, ulong address)
    {
        long table = FindLeafTable(root, address, out int missing);
        if (table >= 0)
        {
            return Read(table, address);
        }
        ulong large = missing == 0 ? ReadLarge(root, address) : 0;
        return large == 0 ? 0 : mode.MakeEntry(mode.PfnOf(large) + mode.IndexOf(address, 0), mode.FlagsOf(large) & ~PteFlags.Large);
    }

    /// <summary>
    /// The entry of level 1 that maps an address with a large page; 0 when there is none. One without any access is not
    /// present, and a large page all the same (<c>pmd_trans_huge</c>).
    /// </summary>
    public ulong ReadLarge(long root, ulong address)
    {
        long table = root;
        for (int level = _levels - 1; level > 1; level--)
        {
            ulong above = memory.Read(table, mode.IndexOf(address, level), _entryBytes);
            if ((above & (ulong)PteFlags.Present) == 0)
            {
                return 0;
            }
            table = mode.PfnOf(above);
        }
        ulong entry = memory.Read(table, mode.IndexOf(address, 1), _entryBytes);
        return (entry & (ulong)PteFlags.Large) == 0 ? 0 : entry;
    }

    /// <summary>An entry of a table of level 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read(long table, ulong address) => memory.Read(table, mode.IndexOf(address, 0), _entryBytes);

    /// <summary>Writes an entry of a table of level 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(long table, ulong address, ulong entry) => memory.Write(table, mode.IndexOf(address, 0), _entryBytes, entry);

    /// <summary>An entry of any table by its number.</summary>
    public ulong ReadAt(long table, int index) => memory.Read(table, index, _entryBytes);

    /// <summary>Writes an entry of any table by its number.</summary>
    public void WriteAt(long table, int index, ulong entry) => memory.Write(table, index, _entryBytes, entry);

    /// <summary>Where the entry is that points to the table of level 0 for an address; false when there is no table of level 1.</summary>
    public bool TryFindMiddle(long root, ulong address, out long table, out int index)
    {
        table = root;
        index = mode.IndexOf(address, 1);
        for (int level = _levels - 1; level > 1; level--)
        {
            ulong entry = memory.Read(table, mode.IndexOf(address, level), _entryBytes);
            if ((entry & (ulong)PteFlags.Present) == 0)
            {
                return false;
            }
            table = mode.PfnOf(entry);
        }
        return true;
    }

    /// <summary>Puts an empty table of a level in its place; the tables above it are there.</summary>
    public void Link(long root, ulong address, int level, long pfn, PteFlags flags)
    {
        long table = root;
        for (int above = _levels - 1; above > level + 1; above--)
        {
            table = mode.PfnOf(memory.Read(table, mode.IndexOf(address, above), _entryBytes));
        }
        memory.Zero(pfn);
        memory.Write(table, mode.IndexOf(address, level + 1), _entryBytes, mode.MakeEntry(pfn, flags));
    }

    /// <summary>Maps one large page; the table of level 1 is there.</summary>
    public void WriteLarge(long root, ulong address, long pfn, PteFlags flags) =>
        WriteMiddle(root, address, mode.MakeEntry(pfn, flags | PteFlags.Large));

    /// <summary>Takes out the entry of a large page.</summary>
    public void ClearLarge(long root, ulong address) => WriteMiddle(root, address, 0);

    private void WriteMiddle(long root, ulong address, ulong entry)
    {
        long table = root;
        for (int level = _levels - 1; level > 1; level--)
        {
            table = mode.PfnOf(memory.Read(table, mode.IndexOf(address, level), _entryBytes));
        }
        memory.Write(table, mode.IndexOf(address, 1), _entryBytes, entry);
    }

    /// <summary>Makes the kernel's top-level table.</summary>
    public void CreateEmptyRoot(long root) => memory.Zero(root);

    /// <summary>Makes a top-level table whose kernel half is another's.</summary>
    public void CreateRoot(long root, long kernelRoot, ulong kernelStart)
    {
        memory.Zero(root);
        for (int i = mode.IndexOf(kernelStart, _levels - 1); i < mode.EntriesPerTable; i++)
        {
            memory.Write(root, i, _entryBytes, memory.Read(kernelRoot, i, _entryBytes));
        }
    }

    /// <summary>The top-level entry of an address.</summary>
    public ulong ReadTop(long root, ulong address) => memory.Read(root, mode.IndexOf(address, _levels - 1), _entryBytes);

    /// <summary>Copies the top-level entry of an address from one table to another.</summary>
    public void CopyTop(long from, long to, ulong address) =>
        memory.Write(to, mode.IndexOf(address, _levels - 1), _entryBytes, ReadTop(from, address));

    /// <summary>Forgets a table that nothing points to.</summary>
    public void Release(long pfn) => memory.Release(pfn);

    /// <summary>First address behind what one entry of a level covers.</summary>
    public ulong SpanEnd(ulong address, int level)
    {
        ulong span = 1UL << mode.ShiftOf(level);
        return (address & ~(span - 1)) + span;
    }

    /// <summary>
    /// Takes out the tables below the top level that lie wholly inside a gap between areas and overlap the range
    /// (<c>free_pgtables</c>); adds their frames to the list, lower levels first.
    /// </summary>
    public int FreeTables(long root, ulong start, ulong end, ulong gapStart, ulong gapEnd, FrameList freed)
    {
        int before = freed.Count;
        FreeBelow(root, _levels - 1, start, end, gapStart, gapEnd, freed);
        return freed.Count - before;
    }

    private void FreeBelow(long table, int level, ulong start, ulong end, ulong gapStart, ulong gapEnd, FrameList freed)
    {
        for (ulong next, at = start; at < end; at = next)
        {
            next = SpanEnd(at, level);
            int index = mode.IndexOf(at, level);
            ulong entry = memory.Read(table, index, _entryBytes);
            if ((entry & (ulong)PteFlags.Present) == 0)
            {
                continue;
            }
            long child = mode.PfnOf(entry);
            if (level > 1)
            {
                FreeBelow(child, level - 1, at, Math.Min(end, next), gapStart, gapEnd, freed);
            }
            if (next - (1UL << mode.ShiftOf(level)) >= gapStart && next <= gapEnd)
            {
                memory.Write(table, index, _entryBytes, 0);
                memory.Release(child);
                freed.Add(child);
            }
        }
    }
}
