using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>The textbook kernel: image at 1 MiB, then the memory map and the tables from the top of low memory downwards.</summary>
internal static class ClassicReservations
{
    private const long LowMemoryEnd = 1L << 20, ImageBytes = 6L << 20, PerCpuBytes = 16 * Page.Size;

    /// <summary>Keeps what it needs.</summary>
    public static void Keep(BootReservations boot, BootOptions options, int cpus)
    {
        long image = options.KernelImageBytes != 0 ? options.KernelImageBytes : ImageBytes;
        boot.Reserve(0, LowMemoryEnd, ReserveReason.LowMemory);
        long start = LowMemoryEnd >> Page.Shift;
        boot.ReserveFree(new PageRange(start, start + Pages(image)), ReserveReason.KernelImage);
        Take(boot, boot.Map.EndPfn * boot.Profile.StructPageBytes, ReserveReason.MemMap);
        Take(boot, BootReservations.DirectMapTablePages(boot.Map, boot.Profile) << Page.Shift, ReserveReason.DirectMapTables);
        long first = Take(boot, PerCpuBytes * cpus, ReserveReason.PerCpuAreas) >> Page.Shift;
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            boot.PerCpuAreas.Add(new PageRange(first + (cpu * Pages(PerCpuBytes)), first + ((cpu + 1) * Pages(PerCpuBytes))));
        }
        // The areas begin as copies of a section at the image's end.
        boot.PerCpuLinked = new KernelLayout(KernelProfile.I386Classic, 0).VirtualOf(start + Math.Max(Pages(image) - Pages(PerCpuBytes), 0));
        Take(boot, BootHash.DentryBytes(boot.Profile, boot.Map), ReserveReason.DentryHash);
        Take(boot, BootHash.InodeBytes(boot.Profile, boot.Map), ReserveReason.InodeHash);
    }

    private static long Take(BootReservations boot, long bytes, ReserveReason reason) =>
        boot.Alloc(Pages(bytes) << Page.Shift, Page.Size, reason);

    private static long Pages(long bytes) => (bytes + Page.Size - 1) >> Page.Shift;
}
