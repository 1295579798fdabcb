using Sim.Hardware;
using Sim.Kernel.Boot;

namespace Sim.Kernel;

/// <summary>Everything that decides what a machine's sourced state looks like and how it changes.</summary>
/// <param name="Hardware">CPUs, tables, TLBs, memory.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Memory">What the firmware says of physical memory.</param>
public sealed record MachineOptions(HardwareOptions Hardware, KernelOptions Kernel, MemoryMap Memory)
{
    /// <summary>Lists of a real kernel to begin with; null boots to pristine ones.</summary>
    public Boot.CapturedLists? Lists { get; init; }

    /// <summary>How far a CPU may run ahead of the clock, in picoseconds.</summary>
    public long QuantumPs { get; init; } = 10_000_000;

    /// <summary>The run's seed, for what the kernel itself leaves to chance.</summary>
    public ulong Seed { get; init; }
}
