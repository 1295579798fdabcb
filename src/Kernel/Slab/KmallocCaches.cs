using System.Numerics;
using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>The families of general caches (include/linux/slab.h, <c>kmalloc_cache_type</c>).</summary>
internal enum KmallocType
{
    /// <summary>The kernel's own objects.</summary>
    Normal,

    /// <summary>Charged to memory cgroups.</summary>
    Cgroup,

    /// <summary>On pages that can be reclaimed.</summary>
    Reclaim,

    /// <summary>From zone DMA.</summary>
    Dma,
}

/// <summary>
/// The general caches that <c>kmalloc</c> serves from. 6.1 (mm/slab_common.c, <c>create_kmalloc_caches</c>): powers of two from
/// 8 bytes, for the classic slab from 32, to two pages, and 96 and 192, in four families. 2.6
/// (include/linux/kmalloc_sizes.h): powers of two from 32 bytes to 128 KiB and two sizes between, also from zone DMA.
/// </summary>
internal sealed class KmallocCaches
{
    private const int Families = 4;

    private readonly SlabState _state;
    private readonly int[] _sizes;
    private readonly int[][] _caches = new int[Families][];

    public KmallocCaches(SlabState state)
    {
        _state = state;
        bool slub = state.Kind == SlabAllocatorKind.Slub;
        _sizes = state.Machine.Is26 && !slub
            // Kernels for lines of 64 bytes with pointers of 8 have no cache of 96: its objects would take 128.
            ? [32, 64, .. state.Machine.WordBytes == 8 ? (int[])[] : [96], 128, 192, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072]
            : [.. slub ? (int[])[8, 16] : [], 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192];
        for (int type = 0; type < Families; type++)
        {
            _caches[type] = new int[_sizes.Length];
            _caches[type].AsSpan().Fill(-1);
        }
    }

    /// <summary>Numbers of the caches that no other joins: allocations of the kernel's own must not share slabs.</summary>
    public ISet<int> Unmergeable { get; } = new SortedSet<int>();

    /// <summary>All of them exist.</summary>
    public bool Exist { get; private set; }

    /// <summary>Adds them to the chain, smallest first.</summary>
    public void Create(SlabAllocator slab, CpuClock cpu)
    {
        if (_state.Machine.Is26 && _state.Kind == SlabAllocatorKind.Slab)
        {
            CreateOf26(slab, cpu);
        }
        else
        {
            CreateOf61(slab, cpu);
        }
        Exist = true;
    }

    /// <summary>The cache with the smallest objects that hold the bytes; -1 when none does.</summary>
    public int For(long bytes, GfpFlags gfp)
    {
        KmallocType type = _state.Machine.Is26 && _state.Kind == SlabAllocatorKind.Slab
            ? (gfp & GfpFlags.Dma) != 0 ? KmallocType.Dma : KmallocType.Normal
            : TypeOf(gfp);
        for (int i = Start(bytes); i < _sizes.Length; i++)
        {
            if (_sizes[i] >= bytes)
            {
                return _caches[(int)type][i];
            }
        }
        return -1;
    }

    /// <summary>Bytes an object takes of the cache that holds so many; 0 when there is none whose slabs describe themselves.</summary>
    public int GeneralBytes(int bytes)
    {
        int number = For(bytes, GfpFlags.Kernel);
        return number < 0 || (!_state.Machine.Is26 && (_state.Cache(number).Flags & SlabFlags.OffSlab) != 0) ? 0 : _state.Cache(number).SizeBytes;
    }

    /// <summary>The family of a request (<c>kmalloc_type</c>).</summary>
    private static KmallocType TypeOf(GfpFlags gfp) =>
        (gfp & (GfpFlags.Dma | GfpFlags.Reclaimable | GfpFlags.Account)) == 0 ? KmallocType.Normal
        : (gfp & GfpFlags.Dma) != 0 ? KmallocType.Dma
        : (gfp & GfpFlags.Reclaimable) != 0 ? KmallocType.Reclaim
        : KmallocType.Cgroup;

    private void CreateOf61(SlabAllocator slab, CpuClock cpu)
    {
        int nodeSize = _state.Kind == SlabAllocatorKind.Slab ? Array.FindIndex(_sizes, s => s >= _state.Machine.NodeDescriptorBytes) : -1;
        if (nodeSize >= 0)
        {
            // mm/slab.c needs this one for the others' node structures.
            Create(slab, cpu, KmallocType.Normal, nodeSize);
        }
        for (int type = 0; type < Families; type++)
        {
            for (int i = 0; i < _sizes.Length; i++)
            {
                Create(slab, cpu, (KmallocType)type, i);
            }
        }
    }

    private void Create(SlabAllocator slab, CpuClock cpu, KmallocType type, int index)
    {
        if (_caches[(int)type][index] >= 0)
        {
            return;
        }
        (string prefix, SlabFlags flags) = type switch
        {
            KmallocType.Cgroup => ("kmalloc-cg-", SlabFlags.Account),
            KmallocType.Reclaim => ("kmalloc-rcl-", SlabFlags.ReclaimAccount),
            KmallocType.Dma => ("dma-kmalloc-", SlabFlags.CacheDma),
            _ => ("kmalloc-", SlabFlags.None),
        };
        int size = _sizes[index];
        int align = BitOperations.IsPow2(size) ? size : 0;
        int number = slab.Make(prefix + Text(size), size, align, flags | SlabFlags.UserCopy, cpu, cause: -1);
        _caches[(int)type][index] = number;
        if (type == KmallocType.Normal)
        {
            Unmergeable.Add(number);
        }
    }

    private void CreateOf26(SlabAllocator slab, CpuClock cpu)
    {
        for (int i = 0; i < _sizes.Length; i++)
        {
            _caches[(int)KmallocType.Normal][i] = slab.Make($"size-{_sizes[i]}", _sizes[i], 0, SlabFlags.HwCacheAlign, cpu, -1);
            _caches[(int)KmallocType.Dma][i] =
                slab.Make($"size-{_sizes[i]}(DMA)", _sizes[i], 0, SlabFlags.HwCacheAlign | SlabFlags.CacheDma, cpu, -1);
        }
    }

    private static string Text(int size) => size < 1024 ? $"{size}" : $"{size >> 10}k";

    /// <summary>A size class that is not past the right one: every power of two has at most one class before it beyond its own.</summary>
    private int Start(long bytes) => Math.Max(0, BitOperations.Log2((ulong)(bytes - 1 | 1)) - BitOperations.Log2((uint)_sizes[0]));
}
