using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Swap;

/// <summary>
/// The memory that compressed pages take: as many frames as they need packed without gaps (drivers/block/zram, mm/zsmalloc.c; the
/// kernel's pool has gaps, which <c>zs_compact</c> closes). It asks with the reserves open to it, as whoever frees memory may.
/// </summary>
internal sealed class ZramPool(SwapState swap, PageAllocator allocator, Journal journal, int pagesPerFrame)
{
    private const GfpFlags PoolGfp = GfpFlags.MemAlloc | GfpFlags.HighMem | GfpFlags.NoWarn;

    /// <summary>Makes room for so many pages more; false when there is no frame for them.</summary>
    public bool TryGrow(int pages, CpuClock cpu, long cause)
    {
        while (swap.Area.StoredInMemory + pages > (long)swap.PoolFrames.Count * pagesPerFrame)
        {
            long pfn = allocator.AllocPages(0, PoolGfp, KernelUser.Zram, cpu, cause);
            if (pfn < 0)
            {
                return false;
            }
            var e = new ZramGrow(pfn);
            EventHeader header = journal.Emit(in e, cause);
            swap.Apply(in e, in header);
        }
        return true;
    }

    /// <summary>Gives back the frames that are not needed.</summary>
    public void Trim(CpuClock cpu, long cause)
    {
        while (swap.PoolFrames.Count > 0 && (swap.PoolFrames.Count - 1L) * pagesPerFrame >= swap.Area.StoredInMemory)
        {
            var e = new ZramShrink(swap.PoolFrames[^1]);
            EventHeader header = journal.Emit(in e, cause);
            swap.Apply(in e, in header);
            allocator.FreePages(e.Pfn, 0, cpu, header.Sequence);
        }
    }
}
