using System.Numerics;
using Sim.Hardware.Cpu;

namespace Sim.Kernel.Slab;

/// <summary>
/// The general caches that <c>kmalloc</c> serves from: powers of two from 32 bytes to 128 KiB and two sizes between
/// (include/linux/kmalloc_sizes.h of 2.6), each also for memory in zone DMA.
/// </summary>
internal sealed class KmallocCaches
{
    private readonly KernelProfile _profile;
    private readonly int[] _sizes;
    private readonly int[] _normal, _dma;

    public KmallocCaches(KernelProfile profile)
    {
        _profile = profile;
        // Kernels for lines of 64 bytes have no cache of 96: its objects would take 128.
        _sizes = profile == KernelProfile.X86_64
            ? [32, 64, 128, 192, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072]
            : [32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072];
        _normal = new int[_sizes.Length];
        _dma = new int[_sizes.Length];
    }

    /// <summary>Small caches exist, so that larger slabs can keep their description there.</summary>
    public bool CanDescribe { get; private set; }

    /// <summary>Adds them to the chain, smallest first.</summary>
    public void Create(SlabAllocator slab, CpuClock cpu)
    {
        for (int i = 0; i < _sizes.Length; i++)
        {
            CanDescribe = _sizes[i] >= 512;
            _normal[i] = slab.CreateCache(Name(_sizes[i], dma: false), _sizes[i], 0, SlabFlags.HwCacheAlign, false, cpu, -1);
            _dma[i] = slab.CreateCache(Name(_sizes[i], dma: true), _sizes[i], 0, SlabFlags.HwCacheAlign | SlabFlags.CacheDma, false, cpu, -1);
        }
    }

    /// <summary>The cache with the smallest objects that hold the bytes; -1 when none does.</summary>
    public int For(long bytes, bool dma)
    {
        for (int i = Start(bytes); i < _sizes.Length; i++)
        {
            if (_sizes[i] >= bytes)
            {
                return dma ? _dma[i] : _normal[i];
            }
        }
        return -1;
    }

    /// <summary>A size class that is not past the right one: every power of two has at most one class before it beyond its own.</summary>
    private static int Start(long bytes) => Math.Max(0, BitOperations.Log2((ulong)(bytes - 1 | 1)) - 4);

    private string Name(int size, bool dma)
    {
        if (_profile == KernelProfile.I386Classic)
        {
            return dma ? $"size-{size}(DMA)" : $"size-{size}";
        }
        string text = size < 1024 ? $"{size}" : $"{size >> 10}k";
        return dma ? $"dma-kmalloc-{text}" : $"kmalloc-{text}";
    }
}
