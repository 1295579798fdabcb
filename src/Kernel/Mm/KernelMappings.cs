using Sim.Engine.Events;
using Sim.Kernel.Boot;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// Sets up the kernel's half of all address spaces at boot: the top-level table and the zero page inside the kernel image,
/// and the direct map of low memory with large pages, its tables in the frames kept back for them
/// (<c>init_mem_mapping</c>).
/// </summary>
public static class KernelMappings
{
    /// <summary>Logs and applies the kernel's mappings; the zones are laid out and reserved already.</summary>
    /// <param name="spaces">The state.</param>
    /// <param name="frames">The frames, with the boot reservations.</param>
    /// <param name="directMapEndPfn">End of permanently mapped memory.</param>
    /// <param name="journal">Where events go.</param>
    /// <exception cref="InvalidOperationException">The boot reservations do not hold the tables.</exception>
    public static void Boot(AddressSpaces spaces, FrameTable frames, long directMapEndPfn, Journal journal)
    {
        long image = FirstReserved(frames, 0, ReserveReason.KernelImage);
        var init = new MmInit(image, image + 1);
        EventHeader header = journal.Emit(in init, -1);
        spaces.Apply(in init, in header);

        PageTables tables = spaces.Tables;
        int step = tables.Mode.PagesPerLargePage;
        long end = (Math.Min(directMapEndPfn, frames.Count) + step - 1) / step * step;
        long next = -1;
        for (long pfn = 0; pfn < end; pfn += step)
        {
            ulong address = spaces.Layout.DirectMapBase + ((ulong)pfn << 12);
            while (tables.FindLeafTable(spaces.KernelRoot, address, out int missing) < 0 && missing > 0)
            {
                next = FirstReserved(frames, next + 1, ReserveReason.DirectMapTables);
                var table = new PgtableAlloc(0, (byte)missing, (long)(address >> 12), next);
                EventHeader at = journal.Emit(in table, header.Sequence);
                spaces.Apply(in table, in at);
            }
        }
        var map = new MmDirectMap(end);
        EventHeader mapped = journal.Emit(in map, header.Sequence);
        spaces.Apply(in map, in mapped);
    }

    private static long FirstReserved(FrameTable frames, long from, ReserveReason reason)
    {
        for (long pfn = from; pfn < frames.Count; pfn++)
        {
            ref readonly Frame frame = ref frames[pfn];
            if (frame.State == FrameState.Reserved && frame.Index == (int)reason)
            {
                return pfn;
            }
        }
        throw new InvalidOperationException($"No frame from {from:#,0} on is kept back for {reason}.");
    }
}
