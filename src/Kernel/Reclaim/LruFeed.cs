using Sim.Engine.Events;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Reclaim;

/// <summary>Brings new pages to the lists.</summary>
internal static class LruFeed
{
    /// <summary>With generations it matters whether pages come by a fault; told when it changes.</summary>
    public static void Tell(LruState? lru, Journal journal, bool inFault, long cause)
    {
        if (lru?.Generations is { } generations && generations.InFault != inFault)
        {
            var e = new Generations.LruGenFault(inFault);
            EventHeader header = journal.Emit(in e, cause);
            generations.Apply(in e, in header);
        }
    }

    /// <summary>Puts what a CPU has gathered on the lists (<c>lru_add_drain</c>).</summary>
    public static void Drain(LruState lru, Journal journal, CpuClock cpu, long cause)
    {
        if (lru.Batch(cpu.Id).Length > 0)
        {
            var e = new LruDrain((byte)cpu.Id);
            EventHeader header = journal.Emit(in e, cause);
            lru.Apply(in e, in header);
        }
    }

    /// <summary>A page joins a CPU's batch (<c>folio_add_lru</c>).</summary>
    public static void Add(LruState lru, Journal journal, long pfn, bool unevictable, CpuClock cpu, long cause)
    {
        var e = new LruAdd(pfn, (byte)cpu.Id, unevictable);
        EventHeader header = journal.Emit(in e, cause);
        lru.Apply(in e, in header);
    }
}
