using Sim.Engine.Events;
using Sim.Engine.Snapshots;
using Sim.Hardware;
using Sim.Kernel.Tasks;

namespace Sim.Kernel;

/// <summary>
/// All sourced state of a machine, made from options alone: a run changes it event by event, and a fold of the run's log
/// makes the same one and comes to the same state.
/// </summary>
public sealed class MachineState
{
    /// <exception cref="Boot.ImpossibleMachineException">The kernel cannot run on that machine.</exception>
    public MachineState(MachineOptions options)
    {
        Options = options;
        Hardware = new HardwareState(options.Hardware);
        Memory = new KernelMemoryState(options.Kernel, options.Memory, options.Hardware.Cpus);
        Virtual = new VirtualMemoryState(
            options.Kernel.Profile, options.Kernel.Mm, options.Hardware.Paging, options.Hardware.Cpus, Memory.Pages.Frames, Hardware.Memory,
            Memory);
    }

    /// <summary>What it was made from.</summary>
    [field: NotInSnapshot]
    public MachineOptions Options { get; }

    /// <summary>CPUs, page-table contents, TLBs, open rows.</summary>
    public HardwareState Hardware { get; }

    /// <summary>Frames, zones, free lists, per-CPU lists, slabs.</summary>
    public KernelMemoryState Memory { get; }

    /// <summary>Address spaces, page cache, tasks.</summary>
    public VirtualMemoryState Virtual { get; }

    /// <summary>The parts that apply events.</summary>
    public IEnumerable<object> Appliers => [.. Hardware.Appliers, .. Memory.Appliers, .. Virtual.Appliers];

    /// <summary>Hash of the logged sourced state.</summary>
    /// <param name="isLogged">Whether a category is logged; what is not logged is not part of the hash.</param>
    public ulong Hash(Func<string, bool> isLogged)
    {
        var hash = new XxHash64(0);
        Hardware.HashInto(ref hash, isLogged("tlb"), isLogged("dram"));
        Memory.HashInto(ref hash);
        Virtual.HashInto(ref hash);
        return hash.Finish();
    }
}
