using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Slab;

/// <summary>A booted kernel with a slab allocator of a kind.</summary>
internal static class SlabKernel
{
    public static (TestKernel Kernel, SlabAllocator Slab) Boot(
        SlabAllocatorKind kind, KernelProfile profile = KernelProfile.X86_64, MemoryLog? log = null, long bytes = 256L << 20, int cpus = 1,
        ulong seed = 0, SlabAllocatorOptions? options = null)
    {
        var kernel = new TestKernel(
            bytes, cpus, new KernelOptions { Profile = profile, Slab = (options ?? new SlabAllocatorOptions()) with { Allocator = kind } }, log);
        var slab = new SlabAllocator(kernel.State.Slab, kernel.Allocator, kernel.Journal, kernel.Options.Slab, seed);
        slab.Initialize(kernel.Cpu);
        return (kernel, slab);
    }
}
