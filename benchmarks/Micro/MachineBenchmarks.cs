using BenchmarkDotNet.Attributes;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Benchmarks;

/// <summary>The machine's hot paths, everything logged.</summary>
[MemoryDiagnoser]
public class MachineBenchmarks
{
    private const int Accesses = 4096;

    // The kernel's direct mapping of physical memory begins here (Documentation/x86/x86_64/mm.rst).
    private const ulong DirectMap = 0xffff_8880_0000_0000;

    private readonly Machine _machine = BootedMachine.Create();
    private readonly MemoryAccess[] _accesses = new MemoryAccess[Accesses];
    private int _cache;

    [GlobalSetup]
    public void Setup()
    {
        _cache = _machine.Slab.CreateCache("benchmark", 192, 0, SlabFlags.None, _machine.Cpus[0], -1);
        _machine.Cpus[0].LoadRoot(_machine.State.Virtual.Spaces.KernelRoot, 0, cause: -1);
        for (int i = 0; i < Accesses; i++)
        {
            _accesses[i] = new MemoryAccess(
                DirectMap + (4UL << 20) + ((ulong)i * 200 % (1 << 20) & ~7UL), 8, (i & 1) == 0 ? AccessKind.Load : AccessKind.Store);
        }
    }

    /// <summary>A page from a per-CPU list and back.</summary>
    [Benchmark]
    public void PageFromPerCpuList() => AllocAndFree(0);

    /// <summary>A block of 64 pages from the buddy lists and back: split and merge.</summary>
    [Benchmark]
    public void BlockFromBuddyLists() => AllocAndFree(6);

    /// <summary>An object of a slab cache and back.</summary>
    [Benchmark]
    public void SlabObject()
    {
        CpuClock cpu = _machine.Cpus[0];
        _machine.Slab.Free(_machine.Slab.Alloc(_cache, GfpFlags.Kernel, cpu, -1), cpu, -1);
    }

    /// <summary>An access of a batch, through TLB and DRAM.</summary>
    [Benchmark(OperationsPerInvoke = Accesses)]
    public int Access()
    {
        int done = _machine.Cpus[0].Run(_accesses, long.MaxValue, out PageFault fault);
        return done == Accesses ? done : throw new InvalidOperationException($"Exception {fault.Vector} at 0x{fault.Address:x}.");
    }

    private void AllocAndFree(int order)
    {
        CpuClock cpu = _machine.Cpus[0];
        long pfn = _machine.Pages.AllocPages(order, GfpFlags.Kernel, KernelUser.LargeKmalloc, cpu, -1);
        _machine.Pages.FreePages(pfn, order, cpu, -1);
    }
}
