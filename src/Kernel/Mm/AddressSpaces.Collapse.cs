using Sim.Engine.Events;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>Pages that become a huge page (<c>collapse_huge_page</c>, mm/khugepaged.c, Linux 6.1).</content>
public sealed partial class AddressSpaces : IApply<ThpCollapse>, IApply<ThpCollapseAlloc>, IApply<ThpScan>
{
    /// <summary>The table of pages is set aside for the day the huge page is split.</summary>
    public void Apply(in ThpCollapse e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        ulong start = (ulong)e.Vpn << 12;
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(mm.Areas.Find(start))];
        long table = _tables.FindLeafTable(mm.Root, start, out _);
        int pages = _tables.Mode.PagesPerLargePage;
        Released.Clear();
        for (int i = 0; i < pages; i++)
        {
            ulong address = start + ((ulong)i << 12), entry = _tables.Read(table, address);
            if (SwapFormat.IsPage(entry))
            {
                DropPage(mm, address, _tables.Mode.PfnOf(entry), area.VmFile);
            }
            _tables.Write(table, address, 0);
        }
        mm.DepositedTables.Add(e.Vpn, table);
        ref Frame head = ref _frames[e.Pfn];
        head.Use = FrameUse.Anon;
        head.Index = unchecked((int)area.PgoffOf(start));
        head.MapCount = 1;
        Blocks.Begin(e.Pfn);
        Blocks.AddEntire(e.Pfn, 1);
        ReverseMap.Add(e.Pfn, e.Pid, e.Vpn);
        mm.AnonRss += pages;
        mm.HiwaterRss = Math.Max(mm.HiwaterRss, mm.Rss);
        _tables.WriteLarge(mm.Root, start, e.Pfn, area.VmPageProt | Written);
        if ((area.VmFlags & VmFlags.Locked) != 0)
        {
            LockPage((int)e.Pfn);
        }
    }

    public void Apply(in ThpCollapseAlloc e, in EventHeader header) => HugePages = e.Pfn < 0
        ? HugePages with { CollapseFailures = HugePages.CollapseFailures + 1 }
        : HugePages with { CollapseAllocs = HugePages.CollapseAllocs + 1 };

    public void Apply(in ThpScan e, in EventHeader header) => HugePages = e.Collapse switch
    {
        CollapseResult.ExceedNonePte => HugePages with { ExceedNone = HugePages.ExceedNone + 1 },
        CollapseResult.ExceedSwapPte => HugePages with { ExceedSwap = HugePages.ExceedSwap + 1 },
        CollapseResult.ExceedSharedPte => HugePages with { ExceedShared = HugePages.ExceedShared + 1 },
        _ => HugePages,
    };
}
