using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>Reservations that an experiment gives instead of the computed ones.</summary>
internal static class GivenReservations
{
    /// <summary>Keeps them, and what the simulated kernel cannot be without.</summary>
    /// <exception cref="ImpossibleMachineException">A range cannot be, or they leave no room for the simulated kernel.</exception>
    public static void Keep(BootReservations boot, IReadOnlyList<MemblockRegion> given)
    {
        for (int i = 0; i < given.Count; i++)
        {
            if (given[i].Base < 0 || given[i].Size <= 0 || given[i].Size > long.MaxValue - given[i].Base - Page.Size
                || given[i].End >> Page.Shift > FrameTable.MaxFrames)
            {
                throw new ImpossibleMachineException($"kernel.boot.reservations[{i}]",
                    $"its start ({given[i].Base}) and size ({given[i].Size}) describe no range of memory", "give a start of at least 0 and a size of at least 1");
            }
            boot.Reserve(given[i].Base, given[i].Size, ReserveReason.BootTables);
        }
        // Top-level table and zero page, side by side, and the tables of the direct mapping.
        const int image = 2;
        long tables = BootReservations.DirectMapTablePages(boot.Map, boot.Profile);
        IEnumerable<PageRange> taken = MemoryMap.Subtract(boot.Map.Usable, boot.Memblock.FreePages([]));
        foreach (PageRange range in taken)
        {
            if (range.Pages >= image + tables)
            {
                boot.Note(range.StartPfn << Page.Shift, image << Page.Shift, ReserveReason.KernelImage);
                boot.Note((range.StartPfn + image) << Page.Shift, tables << Page.Shift, ReserveReason.DirectMapTables);
                return;
            }
        }
        throw new ImpossibleMachineException("kernel.boot.reservations", "no reservation is large enough for the kernel's own tables",
            $"reserve at least {image + tables} neighbouring pages of memory");
    }
}
