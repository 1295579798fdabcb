using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Slab;
using Sim.Kernel.Tasks;
using Sim.Kernel.Vfs;
using Sim.Kernel.Vmalloc;

namespace Sim.Kernel;

/// <summary>Everything that always holds of a machine's sourced state between two dispatches.</summary>
public static class MachineInvariants
{
    /// <summary>The first violation found, in words; null when there is none. Takes time in proportion to memory.</summary>
    /// <param name="state">The state.</param>
    /// <param name="hasTlbs">The log has what happens in the TLBs.</param>
    public static string? Violation(MachineState state, bool hasTlbs) =>
        PageInvariants.Violation(state.Memory.Pages)
        ?? SlabInvariants.Violation(state.Memory.Slab, state.Memory.Pages.Frames)
        ?? VfsInvariants.Violation(state.Memory.Vfs, state.Memory.Slab, state.Memory.Pages.Frames)
        ?? AddressSpaceInvariants.Violation(state.Virtual.Spaces, state.Memory.Pages.Frames)
        ?? KernelHalfInvariants.Violation(state.Virtual, state.Memory.Pages.Frames)
        ?? PerCpuSegments.Violation(
            state.Virtual.PerCpuAreas, state.Hardware, state.Memory.Pages.Frames, state.Virtual.Spaces.Layout.TaskSize)
        ?? (hasTlbs ? TlbInvariants.Violation(state) : null);
}
