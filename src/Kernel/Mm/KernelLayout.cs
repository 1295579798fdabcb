using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// Where things are in the kernel's half of all address spaces.
/// <code>
/// i386   PAGE_OFFSET    high_memory   VMALLOC_START      VMALLOC_END   PKMAP_BASE       LDT, entry areas   FIXADDR_TOP
///        | direct map ... | 8 MiB hole | vmalloc area ...... | 2 pages | 512 or 1,024 pages | ............ | fixed addresses
/// </code>
/// Sources: arch/x86/include/asm/pgtable_32_areas.h, pgtable_64_types.h, fixmap.h, arch/x86/mm/init_32.c (6.1); for the textbook
/// kernel include/asm-i386/pgtable.h and highmem.h of 2.6, with the fixed addresses of 6.1.
/// </summary>
public sealed class KernelLayout
{
    /// <summary>First address that page numbers of the fixed mappings count down from on i386 (<c>__FIXADDR_TOP</c>).</summary>
    public const ulong FixaddrTop = 0xffff_f000;

    /// <summary>Fixed address of the first temporary mapping: behind the hole, debug port, early console, local APIC and 64 I/O APICs (<c>FIX_KMAP_BEGIN</c>).</summary>
    public const int FixKmapBegin = 4 + 64;

    /// <summary>Temporary mappings that a CPU can nest (<c>KM_MAX_IDX</c>).</summary>
    public const int KmapLocalDepth = 16;

    private const ulong MiB = 1UL << 20, VmallocOffset = 8 * MiB, PageBytes = 4096;

    /// <param name="profile">The kernel.</param>
    /// <param name="lowmemEndPfn">End of the memory mapped permanently (<c>max_low_pfn</c>); for x86-64 any.</param>
    public KernelLayout(KernelProfile profile, long lowmemEndPfn)
    {
        if (profile == KernelProfile.X86_64)
        {
            PageOffset = 0xffff_8880_0000_0000;
            VmallocStart = 0xffff_c900_0000_0000;
            VmallocEnd = 0xffff_e8ff_ffff_ffff;
            VmemmapBase = 0xffff_ea00_0000_0000;
            AddressEnd = ulong.MaxValue;
            return;
        }
        ulong pmd = profile == KernelProfile.I386Pae ? 2 * MiB : 4 * MiB;
        PageOffset = 0xc000_0000;
        AddressEnd = uint.MaxValue;
        PkmapSlots = profile == KernelProfile.I386Pae ? 512 : 1024;
        PkmapBase = profile == KernelProfile.I386Classic
            ? (FixaddrTop - (PageBytes * (ulong)(PkmapSlots + 1))) & ~(pmd - 1)
            : (((ZoneProfile.EntryAreasBase - PageBytes) & ~(pmd - 1)) - PageBytes) & ~(pmd - 1);
        VmallocEnd = PkmapBase - (2 * PageBytes);
        ulong highMemory = PageOffset + ((ulong)lowmemEndPfn << 12);
        VmallocStart = Math.Min(
            profile == KernelProfile.I386Classic ? (highMemory + (2 * VmallocOffset) - 1) & ~(VmallocOffset - 1) : highMemory + VmallocOffset,
            VmallocEnd);
    }

    /// <summary>Where the kernel sees physical address 0.</summary>
    public ulong PageOffset { get; }

    /// <summary>First address of the vmalloc area.</summary>
    public ulong VmallocStart { get; }

    /// <summary>Behind the vmalloc area; on x86-64 its last byte, as the kernel has it.</summary>
    public ulong VmallocEnd { get; }

    /// <summary>Bytes of the vmalloc area (<c>VMALLOC_TOTAL</c>).</summary>
    public ulong VmallocBytes => VmallocEnd - VmallocStart;

    /// <summary>First permanent mapping of high memory; 0 on x86-64, which has none.</summary>
    public ulong PkmapBase { get; }

    /// <summary>Permanent mappings there can be at a time (<c>LAST_PKMAP</c>); 0 on x86-64.</summary>
    public int PkmapSlots { get; }

    /// <summary>The array of struct page on x86-64; 0 on i386, which has it in low memory.</summary>
    public ulong VmemmapBase { get; }

    /// <summary>Greatest address of the machine's words (<c>ULONG_MAX</c>).</summary>
    public ulong AddressEnd { get; }

    /// <summary>The machine has 64-bit addresses.</summary>
    public bool IsLong => AddressEnd > uint.MaxValue;

    /// <summary>True for an address of the vmalloc area (<c>is_vmalloc_addr</c>).</summary>
    public bool IsVmalloc(ulong address) => address >= VmallocStart && address < VmallocEnd;

    /// <summary>Physical to linear (<c>__va</c>): for memory of the direct map.</summary>
    public ulong VirtualOf(long pfn) => PageOffset + ((ulong)pfn << 12);

    /// <summary>Address of a permanent mapping (<c>PKMAP_ADDR</c>).</summary>
    public ulong PkmapAddress(int slot) => PkmapBase + ((ulong)slot << 12);

    /// <summary>Address of a fixed mapping (<c>__fix_to_virt</c>).</summary>
    public static ulong FixmapAddress(int index) => FixaddrTop - ((ulong)index << 12);
}
