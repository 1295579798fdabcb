using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// Where the memory lies that a boot log says was freed after hand-over. The log gives sizes; the places follow from the
/// order of the sections in the kernel image: code, constants and data on large pages of their own, then the init sections,
/// the SMP alternatives and, up to the image's end, zeroed data (arch/x86/kernel/vmlinux.lds.S).
/// </summary>
/// <param name="profile">Which kernel.</param>
/// <param name="memblock">What is kept.</param>
/// <param name="ramDisk">The initial RAM disk.</param>
/// <param name="brk">The early heap, which begins where the image ends.</param>
/// <param name="sizes">Sizes of sections in KiB.</param>
internal sealed class BootLogFreed(
    KernelProfile profile, Memblock memblock, MemblockRegion? ramDisk, MemblockRegion? brk, (long Text, long Rodata, long Init, long Bss)? sizes)
{
    private const long LargePages = (2L << 20) >> Page.Shift;
    private long _alternativesStart;

    /// <summary>The frames, or null when the image does not have them.</summary>
    public IEnumerable<FreedLater>? Place(string what, long pages)
    {
        if (pages == 0 || brk is not { } heap || sizes is not { } size)
        {
            return pages == 0 ? [] : null;
        }
        long imageEnd = heap.Base >> Page.Shift;
        long bss = imageEnd - Up(size.Bss);
        long text = ImageStart(heap.Base);
        long textEnd = text + Up(size.Text), rodata = UpToLarge(textEnd), rodataEnd = rodata + Up(size.Rodata);
        switch (what)
        {
            case "SMP alternatives":
                // On x86-64 a page of data that hibernation leaves out lies between them and the zeroed data.
                _alternativesStart = bss - pages - (profile == KernelProfile.X86_64 ? 1 : 0);
                return At(_alternativesStart, pages, ReserveReason.SmpAlternatives, BootMoment.Pagesets);
            case "initrd":
                return ramDisk is { } disk ? At(disk.Base >> Page.Shift, pages, ReserveReason.Initrd, BootMoment.HugePages) : null;
            case "unused kernel image (initmem)":
                return At((_alternativesStart != 0 ? _alternativesStart : bss) - pages, pages, ReserveReason.InitSections, BootMoment.HugePages);
            case "unused decrypted":
                return At(imageEnd - pages, pages, ReserveReason.InitSections, BootMoment.HugePages);
            case "unused kernel image (text/rodata gap)":
                return At(textEnd, pages, ReserveReason.InitSections, BootMoment.HugePages);
            case "unused kernel image (rodata/data gap)":
                return At(rodataEnd, pages, ReserveReason.InitSections, BootMoment.HugePages);
            default:
                return null;
        }
    }

    private IEnumerable<FreedLater>? At(long start, long pages, ReserveReason reason, BootMoment after) =>
        start >= 0 && memblock.Reserved.Contains(start << Page.Shift, pages << Page.Shift)
            && memblock.Memory.Contains(start << Page.Shift, pages << Page.Shift)
            ? [new FreedLater(new PageRange(start, start + pages), reason, after)]
            : null;

    /// <summary>The image is the beginning of the reservation that ends with the heap.</summary>
    private long ImageStart(long heap)
    {
        foreach (MemblockRegion region in memblock.Reserved)
        {
            if (region.Base <= heap && region.End > heap)
            {
                return region.Base >> Page.Shift;
            }
        }
        return 0;
    }

    private static long Up(long kib) => (kib + 3) >> (Page.Shift - 10);

    private static long UpToLarge(long pfn) => (pfn + LargePages - 1) / LargePages * LargePages;
}
