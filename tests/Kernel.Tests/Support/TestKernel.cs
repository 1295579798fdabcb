using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Hardware.Cpu;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Events;

namespace Sim.Kernel.Tests.Support;

/// <summary>A booted physical half of a kernel with a journal.</summary>
internal sealed class TestKernel
{
    public TestKernel(
        long bytes = 256L << 20, int cpus = 1, KernelOptions? options = null, IBlockSink? sink = null, IReadOnlyCollection<string>? leftOut = null,
        MemoryMap? map = null)
    {
        Options = options ?? new KernelOptions();
        Map = map ?? MemoryMap.FromSize(bytes);
        Catalogue = new EventCatalogue();
        KernelEvents.AddTo(Catalogue);
        Journal = new Journal(sink ?? new NullBlockSink(), Catalogue, leftOut);
        State = new KernelMemoryState(Options, Map, cpus);
        Cpus = [.. Enumerable.Range(0, cpus).Select(i => new CpuClock(i, Journal))];
        BootLoader.Boot(State.Pages, Options, Journal);
        Allocator = new PageAllocator(State.Pages, Journal, Options.PageAllocator);
        // Boot leaves what it freed last on per-CPU lists; tests begin with empty ones.
        Allocator.DrainAll(Cpu, -1);
    }

    public KernelOptions Options { get; }
    public MemoryMap Map { get; }
    public EventCatalogue Catalogue { get; }
    public Journal Journal { get; }
    public KernelMemoryState State { get; }
    public CpuClock[] Cpus { get; }
    public CpuClock Cpu => Cpus[0];
    public PageAllocator Allocator { get; }
    public PageAllocatorState Pages => State.Pages;

    public static ulong HashOf(KernelMemoryState state)
    {
        var hash = new XxHash64(0);
        state.HashInto(ref hash);
        return hash.Finish();
    }

    public void AssertInvariants() => Assert.Null(State.Violation());
}
