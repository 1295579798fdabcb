using Sim.Engine.Events;
using Sim.Kernel.Memcg;
using Sim.Kernel.Reclaim;

namespace Sim.Kernel.Mm;

/// <content>What replacement policies do to pages.</content>
public sealed partial class AddressSpaces : IApply<LruTake>, IApply<ReclaimClearAccessed>
{
    public void Apply(in LruTake e, in EventHeader header)
    {
        Reclaim!.Lru.IsolateOne((int)e.Pfn);
        Reclaim.ByKswapd = false;
        Reclaim.Count(VmEvent.PgscanDirect);
        Reclaim.Count(IsFilePage(e.Pfn) ? VmEvent.PgscanFile : VmEvent.PgscanAnon);
    }

    public void Apply(in ReclaimClearAccessed e, in EventHeader header) => TakeReferences(e.Pfn);
}
