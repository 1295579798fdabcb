using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Hardware.Paging;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>A page table.</summary>
/// <param name="Level">The kernel's name of its entries: pgd, pud, pmd or pte.</param>
/// <param name="Pfn">Frame that holds it, hexadecimal.</param>
/// <param name="Start">First address that it maps, hexadecimal.</param>
/// <param name="End">Behind the last one, hexadecimal; 0 for the end of the address space.</param>
/// <param name="Tables">Entries that point to a table.</param>
/// <param name="Pages">Entries that map a page of 4 KiB.</param>
/// <param name="LargePages">Entries that map a large page.</param>
/// <param name="Other">Entries in use that the hardware sees as not present: swap slots, pages without any access.</param>
/// <param name="Shared">True for tables of the kernel's half, which all processes share.</param>
public sealed record PageTableRow(
    [property: JsonPropertyName("level")] string Level,
    [property: JsonPropertyName("pfn")] string Pfn,
    [property: JsonPropertyName("start")] string Start,
    [property: JsonPropertyName("end")] string End,
    [property: JsonPropertyName("tables")] int Tables,
    [property: JsonPropertyName("pages")] int Pages,
    [property: JsonPropertyName("largePages")] int LargePages,
    [property: JsonPropertyName("other")] int Other,
    [property: JsonPropertyName("shared")] bool Shared);

/// <summary>The page tables of a process with the frames they lie in, top first (compare <c>CONFIG_PTDUMP_DEBUGFS</c>, mm/ptdump.c).</summary>
public static class PageTableDump
{
    private static readonly string[] _names = ["pte", "pmd", "pud", "pgd"];

    /// <summary>One row per table: a table before those it points to, by rising address.</summary>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    public static IReadOnlyList<PageTableRow> Rows(AddressSpaces spaces, int pid)
    {
        var rows = new List<PageTableRow>();
        Add(spaces, spaces[pid].Root, spaces.Tables.Mode.Levels - 1, 0, rows);
        return rows;
    }

    /// <summary>A line per table, set in by its level.</summary>
    public static string Render(AddressSpaces spaces, int pid)
    {
        var text = new StringBuilder($"{"table",-10} {"pfn",-10} {"start",-18} {"end",-18} {"tables",6} {"pages",6} {"large",6} {"other",6}\n");
        foreach (PageTableRow row in Rows(spaces, pid))
        {
            int depth = spaces.Tables.Mode.Levels - 1 - (row.Level == "pgd" ? spaces.Tables.Mode.Levels - 1 : Array.IndexOf(_names, row.Level));
            string line = string.Create(
                CultureInfo.InvariantCulture,
                $"{new string(' ', depth * 2) + row.Level,-10} {row.Pfn,-10} {row.Start,-18} {row.End,-18} {row.Tables,6} {row.Pages,6} {row.LargePages,6} {row.Other,6}");
            text.Append(line).Append(row.Shared ? "  shared\n" : "\n");
        }
        return text.ToString();
    }

    private static void Add(AddressSpaces spaces, long table, int level, ulong start, List<PageTableRow> rows)
    {
        PagingMode mode = spaces.Tables.Mode;
        int tables = 0, pages = 0, large = 0, other = 0, at = rows.Count;
        rows.Add(null!);
        for (int index = 0; index < mode.EntriesPerTable; index++)
        {
            ulong entry = spaces.Tables.ReadAt(table, index), address = AddressOf(mode, start, level, index);
            if (entry == 0 || address < start)
            {
                continue;
            }
            bool present = (entry & (ulong)PteFlags.Present) != 0;
            if (!present)
            {
                other++;
            }
            else if (!mode.IsLeaf(entry, level))
            {
                tables++;
                Add(spaces, mode.PfnOf(entry), level - 1, address, rows);
            }
            else if (level == 0)
            {
                pages++;
            }
            else
            {
                large++;
            }
        }
        bool top = level == mode.Levels - 1;
        ulong bytes = (ulong)mode.EntriesPerTable << mode.ShiftOf(level), end = start + bytes;
        end = mode.VirtualBits == 32 && (end > uint.MaxValue || top) ? 0 : top ? 0 : end;
        rows[at] = new PageTableRow(
            top ? "pgd" : _names[level], Maps.Hex((ulong)table), Maps.Hex(start), Maps.Hex(end), tables, pages, large, other, !top && start >= spaces.Layout.KernelStart);
    }

    /// <summary>The first address of an entry; addresses of the upper half are sign-extended in long mode.</summary>
    private static ulong AddressOf(PagingMode mode, ulong start, int level, int index)
    {
        ulong address = start + ((ulong)index << mode.ShiftOf(level));
        return mode.VirtualBits == 48 && (address & (1UL << 47)) != 0 ? address | 0xffff_0000_0000_0000 : address;
    }
}
