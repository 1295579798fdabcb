using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Memcg;

/// <summary>
/// Reclaims pages of the cgroup through its lists (<c>try_to_free_mem_cgroup_pages</c> of mm/vmscan.c, Linux 6.1). All tasks are in the
/// cgroup, so that its lists are those of the node.
/// </summary>
/// <remarks>
/// Where the kernel sleeps because what it meets is being written (<c>reclaim_throttle</c>), this ends as soon as enough is, and the charge
/// is made again.
/// </remarks>
internal sealed class ListReclaim(NodeReclaim node, ReclaimState state, Journal journal, int reclaimPages) : IGroupReclaim
{
    private readonly ReclaimPass _pass = new() { MaySwap = true, MayWrite = true, Highest = (ZoneType)(ZoneTypes.Count - 1) };

    /// <inheritdoc/>
    public long Reclaim(CpuClock cpu, long cause)
    {
        (_pass.Cause, _pass.Wanted, _pass.Reclaimed, _pass.ForceDeactivate) = (cause, reclaimPages, 0, false);
        long writing = state.Writeback;
        do
        {
            (_pass.SkippedDeactivate, _pass.QueueFull) = (false, false);
            for (_pass.Priority = ReclaimPass.DefaultPriority; _pass.Priority >= 0 && !IsEnough(writing); _pass.Priority--)
            {
                _pass.Scanned = 0;
                node.Begin(_pass);
                _pass.Proportional = false;
                while (node.Step(_pass, cpu) && !IsEnough(writing))
                {
                }
            }
        }
        while (_pass.Reclaimed == 0 && !IsEnough(writing) && !_pass.ForceDeactivate && (_pass.ForceDeactivate = _pass.SkippedDeactivate));
        var round = new ReclaimRound(Kswapd: false);
        EventHeader header = journal.Emit(in round, cause);
        state.Apply(in round, in header);
        return _pass.Reclaimed;
    }

    private bool IsEnough(long writing) =>
        _pass.QueueFull || _pass.Reclaimed + Math.Max(state.Writeback - writing, 0) >= _pass.Wanted;
}
