using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Memcg;
using Sim.Kernel.Reclaim;

namespace Sim.Kernel.Mm;

/// <content>What replacement policies do to pages.</content>
public sealed partial class AddressSpaces : IApply<LruTake>, IApply<ReclaimClearAccessed>
{
    /// <summary>Whether any entry that maps a page has a bit set.</summary>
    public bool AnyEntryHas(long pfn, PteFlags bit)
    {
        for (int entry = ReverseMap.First(pfn); entry != 0; entry = ReverseMap.Next(entry))
        {
            (int pid, long vpn) = ReverseMap[entry];
            if ((_tables.ReadPte(this[pid].Root, (ulong)vpn << 12) & (ulong)bit) != 0)
            {
                return true;
            }
        }
        return false;
    }

    public void Apply(in LruTake e, in EventHeader header)
    {
        Reclaim!.Lru.IsolateOne((int)e.Pfn);
        Reclaim.ByKswapd = false;
        Reclaim.Count(VmEvent.PgscanDirect);
        Reclaim.Count(IsFilePage(e.Pfn) ? VmEvent.PgscanFile : VmEvent.PgscanAnon);
    }

    public void Apply(in ReclaimClearAccessed e, in EventHeader header) => TakeReferences(e.Pfn);
}
