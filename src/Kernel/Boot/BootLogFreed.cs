using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// Where the memory lies that a boot log says was freed after hand-over. The log gives sizes; the places follow from the
/// order of the sections in the kernel's image.
/// </summary>
internal static class BootLogFreed
{
    /// <summary>The image that a log describes.</summary>
    /// <param name="profile">Which kernel.</param>
    /// <param name="memblock">What is kept; the image is the beginning of the reservation that ends with the heap.</param>
    /// <param name="brk">The early heap, which begins where the image ends.</param>
    /// <param name="sizes">Sizes of sections in KiB.</param>
    /// <param name="freed">What was freed, in pages.</param>
    public static KernelImage Image(
        KernelProfile profile, Memblock memblock, MemblockRegion brk, (long Text, long Rodata, long Init, long Bss) sizes,
        IReadOnlyList<(string What, long Pages, int Line)> freed)
    {
        long start = memblock.Reserved.FirstOrDefault(r => r.Base <= brk.Base && r.End >= brk.End).Base >> Page.Shift;
        return new KernelImage
        {
            StartPfn = start,
            Pages = (brk.Base >> Page.Shift) - start,
            Brk = brk.Size >> Page.Shift,
            Text = Up(sizes.Text),
            Rodata = Up(sizes.Rodata),
            Init = PagesOf("unused kernel image (initmem)"),
            SmpAlternatives = PagesOf("SMP alternatives"),
            NoSave = profile == KernelProfile.X86_64 ? 1 : 0,
            Bss = Up(sizes.Bss),
            UnusedDecrypted = PagesOf("unused decrypted"),
            FreesGaps = PagesOf("unused kernel image (text/rodata gap)") > 0,
        };

        long PagesOf(string what) => freed.FirstOrDefault(f => f.What == what).Pages;
    }

    private static long Up(long kib) => (kib + 3) >> (Page.Shift - 10);
}
