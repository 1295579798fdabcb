using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>The entries that map the pages of a range, in address order (<c>walk_page_range</c>); tables that are not there are stepped over.</summary>
internal static class PageWalk
{
    /// <summary>Every entry that is not empty; a large page gives one for each of its pages, as if it had its own.</summary>
    /// <param name="tables">The page tables.</param>
    /// <param name="root">Frame of the top-level one.</param>
    /// <param name="start">First address.</param>
    /// <param name="end">Behind the last one.</param>
    public static IEnumerable<(ulong Address, ulong Entry, bool Large)> Entries(PageTables tables, long root, ulong start, ulong end)
    {
        for (ulong address = start; address < end;)
        {
            long table = tables.FindLeafTable(root, address, out int missing);
            if (table >= 0)
            {
                ulong entry = tables.Read(table, address);
                if (entry != 0)
                {
                    yield return (address, entry, false);
                }
                address += 4096;
                continue;
            }
            ulong next = Math.Min(tables.SpanEnd(address, missing + 1), end);
            if (missing == 0 && tables.ReadLarge(root, address) != 0)
            {
                for (; address < next; address += 4096)
                {
                    yield return (address, tables.ReadPte(root, address), true);
                }
            }
            address = next;
        }
    }
}
