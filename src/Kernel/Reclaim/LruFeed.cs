using Sim.Engine.Events;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Reclaim;

/// <summary>Brings new pages to the lists.</summary>
internal static class LruFeed
{
    /// <summary>A page joins a CPU's batch (<c>folio_add_lru</c>).</summary>
    public static void Add(LruState lru, Journal journal, long pfn, bool unevictable, CpuClock cpu, long cause)
    {
        var e = new LruAdd(pfn, (byte)cpu.Id, unevictable);
        EventHeader header = journal.Emit(in e, cause);
        lru.Apply(in e, in header);
    }
}
