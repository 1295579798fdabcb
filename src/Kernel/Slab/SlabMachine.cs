using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>The sizes and the generation of the kernel that decide a slab's layout.</summary>
/// <param name="WordBytes">Size of a pointer.</param>
/// <param name="CacheLineBytes">Size of a cache line.</param>
/// <param name="MinAlign">Least alignment of an object (<c>ARCH_SLAB_MINALIGN</c>).</param>
/// <param name="Is26">mm/slab.c of 2.6: a descriptor and 4-byte bufctl entries in front of the objects.</param>
/// <param name="DescriptorBytes">Size of <c>struct slab</c> in 2.6; in 6.1 <c>struct page</c> describes a slab.</param>
/// <param name="CacheDescriptorBytes">Size of mm/slab.c's <c>struct kmem_cache</c>.</param>
/// <param name="NodeDescriptorBytes">Size of mm/slab.c's <c>struct kmem_cache_node</c>.</param>
/// <param name="SlubCacheBytes">Size of mm/slub.c's <c>struct kmem_cache</c>.</param>
/// <param name="SlubNodeBytes">Size of mm/slub.c's <c>struct kmem_cache_node</c>.</param>
/// <param name="BreakOrder">Order at which waste no longer matters to mm/slab.c: 1, on machines with at most 32 MiB 0.</param>
public readonly record struct SlabMachine(
    int WordBytes, int CacheLineBytes, int MinAlign, bool Is26, int DescriptorBytes, int CacheDescriptorBytes, int NodeDescriptorBytes,
    int SlubCacheBytes, int SlubNodeBytes, int BreakOrder)
{
    private const long SmallMachinePages = (32L << 20) >> Page.Shift;

    /// <summary>The sizes of a profile on a machine with that many usable pages.</summary>
    public static SlabMachine Of(KernelProfile profile, long pages) => profile switch
    {
        KernelProfile.I386Classic => Linux26(4, pages),
        KernelProfile.X86_64 => Linux61(8, pages),
        _ => Linux61(4, pages),
    };

    /// <summary>2.6, with pointers of 4 or 8 bytes.</summary>
    public static SlabMachine Linux26(int wordBytes, long pages) => wordBytes == 8
        ? new SlabMachine(8, 64, 8, true, 48, 328, 120, 224, 64, Break(pages))
        : new SlabMachine(4, 64, 4, true, 28, 204, 68, 140, 32, Break(pages));

    /// <summary>
    /// 6.1, with pointers of 4 or 8 bytes. The 32-bit kernel is one for CPUs that do not report a line size, for which the
    /// kernel assumes 32 bytes; <c>unsigned long long</c> wants 8 bytes on both.
    /// </summary>
    public static SlabMachine Linux61(int wordBytes, long pages) => wordBytes == 8
        ? new SlabMachine(8, 64, 8, false, 0, 136, 120, 224, 64, Break(pages))
        : new SlabMachine(4, 32, 8, false, 0, 88, 68, 140, 32, Break(pages));

    private static int Break(long pages) => pages > SmallMachinePages ? 1 : 0;
}
