using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <summary>Reads whole files into the page cache, as a program does that reads them from beginning to end.</summary>
public sealed class FileLoader(AddressSpaces spaces, PageAllocator allocator, Journal journal)
{
    /// <summary>Tells a file's length and brings all its pages in.</summary>
    /// <returns>False when there is no memory for them.</returns>
    public bool Load(int file, long pages, CpuClock cpu, long cause)
    {
        var size = new CacheSize(file, pages);
        EventHeader header = journal.Emit(in size, cause);
        spaces.Apply(in size, in header);
        for (long pgoff = 0; pgoff < pages; pgoff++)
        {
            if (spaces.Cache.Find(file, pgoff) >= 0)
            {
                continue;
            }
            long pfn = allocator.AllocPages(0, GfpFlags.HighUserMovable, KernelUser.PageCache, cpu, cause);
            if (pfn < 0)
            {
                return false;
            }
            var e = new CacheAdd(file, pgoff, pfn);
            EventHeader added = journal.Emit(in e, cause);
            spaces.Apply(in e, in added);
            if (spaces.Reclaim is { } reclaim)
            {
                LruFeed.Add(reclaim.Lru, journal, pfn, unevictable: false, cpu, added.Sequence);
            }
        }
        return true;
    }
}
