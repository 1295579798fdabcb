using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>
/// A kernel's image in memory: code, constants and data, each from a large page of its own, then the init sections, the SMP
/// alternatives and, up to the end, zeroed data; behind it the early heap (arch/x86/kernel/vmlinux.lds.S). Sizes in pages.
/// <code>
/// x86-64  | code | gap | constants | gap | data … init | SMP | nosave | zeroed data … decrypted | heap (brk) |
///                 freed             freed        freed  freed                          freed
/// </code>
/// </summary>
public sealed record KernelImage
{
    private const long LargePages = (2L << 20) >> Page.Shift;

    /// <summary>First frame.</summary>
    public required long StartPfn { get; init; }

    /// <summary>From the first frame to the end of zeroed data.</summary>
    public required long Pages { get; init; }

    /// <summary>The early heap.</summary>
    public required long Brk { get; init; }

    /// <summary>Code.</summary>
    public long Text { get; init; }

    /// <summary>Constants.</summary>
    public long Rodata { get; init; }

    /// <summary>Code and data for boot only.</summary>
    public long Init { get; init; }

    /// <summary>Places where locks would be patched in.</summary>
    public long SmpAlternatives { get; init; }

    /// <summary>Data that hibernation leaves out, between the alternatives and zeroed data.</summary>
    public long NoSave { get; init; }

    /// <summary>The CPUs' variables as they start, which boot copies into their areas; linked to address 0 on x86-64 and not counted here.</summary>
    public long PerCpu { get; init; }

    /// <summary>Zeroed data.</summary>
    public long Bss { get; init; }

    /// <summary>The end of zeroed data that only an encrypted guest would use.</summary>
    public long UnusedDecrypted { get; init; }

    /// <summary>The gaps up to the next large page are freed (x86-64; 32-bit kernels keep them).</summary>
    public bool FreesGaps { get; init; }

    /// <summary>One past the image, where the heap begins.</summary>
    public long EndPfn => StartPfn + Pages;

    /// <summary>Linked address of the CPUs' variables in a 32-bit image, below the alternatives (<c>__per_cpu_start</c>).</summary>
    public ulong PerCpuStart(KernelProfile profile) =>
        new KernelLayout(profile, 0).VirtualOf(Math.Max(EndPfn - Bss - NoSave - SmpAlternatives - PerCpu, StartPfn));

    /// <summary>What becomes free, in the order in which it does.</summary>
    public IEnumerable<FreedLater> Freed
    {
        get
        {
            long alternatives = EndPfn - Bss - NoSave - SmpAlternatives;
            yield return At(alternatives, SmpAlternatives, ReserveReason.SmpAlternatives, BootMoment.Pagesets);
            yield return At(EndPfn - UnusedDecrypted, UnusedDecrypted, ReserveReason.InitSections, BootMoment.HugePages);
            yield return At(alternatives - Init, Init, ReserveReason.InitSections, BootMoment.HugePages);
            if (FreesGaps)
            {
                long rodata = UpToLarge(StartPfn + Text);
                yield return At(StartPfn + Text, rodata - StartPfn - Text, ReserveReason.InitSections, BootMoment.HugePages);
                yield return At(rodata + Rodata, UpToLarge(rodata + Rodata) - rodata - Rodata, ReserveReason.InitSections, BootMoment.HugePages);
            }
        }
    }

    /// <summary>Debian's image for a profile, 6.1.0-56-amd64, 6.1.0-50-686-pae and 6.1.0-50-686, as its boot log describes it.</summary>
    public static KernelImage Of(KernelProfile profile) => profile switch
    {
        KernelProfile.I386Pae => new KernelImage
        {
            StartPfn = 0x1000,
            Pages = 3851,
            Brk = 25,
            Text = 2356,
            Rodata = 797,
            Init = 232,
            SmpAlternatives = 8,
            PerCpu = 26,
            Bss = 119,
        },
        KernelProfile.I386 => new KernelImage
        {
            StartPfn = 0x1000,
            Pages = 3814,
            Brk = 16,
            Text = 2332,
            Rodata = 797,
            Init = 228,
            SmpAlternatives = 8,
            PerCpu = 26,
            Bss = 116,
        },
        _ => new KernelImage
        {
            StartPfn = 0x1000,
            Pages = 13312,
            Brk = 17,
            Text = 3586,
            Rodata = 2283,
            Init = 706,
            SmpAlternatives = 9,
            NoSave = 1,
            Bss = 4336,
            UnusedDecrypted = 509,
            FreesGaps = true,
        },
    };

    private static FreedLater At(long pfn, long pages, ReserveReason reason, BootMoment after) =>
        new(new PageRange(pfn, pfn + pages), reason, after);

    private static long UpToLarge(long pfn) => (pfn + LargePages - 1) / LargePages * LargePages;
}
