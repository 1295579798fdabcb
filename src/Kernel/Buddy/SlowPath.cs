using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Buddy;

/// <content>What happens to a request that the free lists cannot serve at the low watermark.</content>
public sealed partial class PageAllocator
{
    /// <summary>
    /// The request failed at the low watermark: try down to the min watermark and, by its urgency, below; then with the
    /// per-CPU pages back on the buddy lists, if the caller may wait (<c>__alloc_pages_slowpath</c>, where reclaim and
    /// compaction have their place).
    /// </summary>
    private long AllocSlowly(Zone[] zones, ref PageRequest request, GfpFlags gfp, CpuClock cpu, long cause)
    {
        request.Flags = AllocFlags.Min;
        if ((gfp & GfpFlags.High) != 0)
        {
            request.Flags |= AllocFlags.High;
        }
        if ((gfp & (GfpFlags.AtomicBit | GfpFlags.NoMemAlloc)) == GfpFlags.AtomicBit)
        {
            request.Flags |= AllocFlags.Harder;
        }
        if ((gfp & (GfpFlags.MemAlloc | GfpFlags.NoMemAlloc)) == GfpFlags.MemAlloc)
        {
            request.Flags |= AllocFlags.NoWatermarks;
        }
        long pfn = FromZones(zones, ref request, cpu, cause);
        if (pfn < 0 && (gfp & GfpFlags.DirectReclaim) != 0)
        {
            DrainAll(cpu, cause);
            pfn = FromZones(zones, ref request, cpu, cause);
        }
        if (pfn < 0)
        {
            long free = 0;
            foreach (Zone zone in zones)
            {
                free += zone.FreePages;
            }
            _starved[request.Order] += free >= 1L << request.Order ? 1 : 0;
            cpu.Charge(_failPs);
            var failed = new PageAllocFailed((byte)request.Order, (int)gfp, request.Owner, free, (byte)cpu.Id);
            _journal.Emit(in failed, cause);
        }
        return pfn;
    }
}
