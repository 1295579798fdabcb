using Sim.Host.Provenance;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger;

/// <summary>Watches a page frame: who holds it, its block, its list, its page block's type, its use.</summary>
internal sealed class FrameWatch(long pfn) : Watch<FrameMoment>($"frame:{FrameText.Hex(pfn)}")
{
    private PageAllocatorState? _pages;
    private long _near;

    protected override void Use(MachineState state) => (_pages, _near) = (state.Memory.Pages, pfn);

    protected override FrameMoment Look()
    {
        var now = FrameMoment.Of(_pages!, pfn, _near);
        _near = now.Head;
        return now;
    }

    protected override string Describe(DebugContext context, FrameMoment before, FrameMoment after)
    {
        string holder = after.State == FrameState.Allocated ? context.Names.Of(after) : "";
        int cpu = after.ListCpu(context.Timeline.State.State.Memory.Pages);
        return FrameText.Change(new FrameChange(0, 0, -1, before, after, cpu, holder), pfn);
    }
}
