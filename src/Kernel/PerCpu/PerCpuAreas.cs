using Sim.Engine.Events;
using Sim.Kernel.Boot;
using Sim.Kernel.Mm;

namespace Sim.Kernel.PerCpu;

/// <summary>A CPU's own area of memory was set up, of the first chunk that memblock gave (<c>setup_per_cpu_areas</c>, arch/x86/kernel/setup_percpu.c).</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Pfn">First frame of the area.</param>
/// <param name="Pages">Its frames.</param>
/// <param name="Linked">Address that per-CPU variables are linked from (<c>__per_cpu_start</c>): 0 on x86-64, in the image on i386.</param>
[Event(240, "boot.per_cpu_area")]
public readonly partial record struct BootPerCpuArea(
    byte Cpu,
    [Unit("pfn")] long Pfn,
    [Unit("pages")] long Pages,
    [Address] long Linked);

/// <summary>
/// The CPUs' own areas. The kernel's code names a variable of this CPU by its linked address, in a segment whose base is the distance
/// from there to the area: FS on i386, GS on x86-64. Sourced state.
/// </summary>
/// <param name="cpus">Number of CPUs.</param>
/// <param name="layout">Where memory is in the kernel's half.</param>
public sealed class PerCpuAreas(int cpus, KernelLayout layout) : IApply<BootPerCpuArea>
{
    /// <summary>
    /// Where in an area its CPU's number lies (<c>cpu_number</c>). The linker's choice in a real kernel, and its own here: the first line
    /// behind the one that begins with the stack's canary.
    /// </summary>
    public const ulong CpuNumberOffset = 64;

    private readonly PageRange[] _areas = new PageRange[cpus];
    private ulong _linked;

    /// <summary>Number of CPUs.</summary>
    public int Cpus => _areas.Length;

    /// <summary>Boot has set the areas up; lists that were taken over, or reservations that were given, have none.</summary>
    public bool ArePlaced => _areas.Length > 0 && _areas[0].Pages > 0;

    /// <summary>Linked address of the first per-CPU variable (<c>__per_cpu_start</c>).</summary>
    public ulong Linked => _linked;

    /// <summary>A CPU's area.</summary>
    public PageRange this[int cpu] => _areas[cpu];

    /// <summary>Linear address of a CPU's area.</summary>
    public ulong AddressOf(int cpu) => layout.VirtualOf(_areas[cpu].StartPfn);

    /// <summary>What to add to a linked address for a CPU's own (<c>per_cpu_offset</c>); of 32 bits on i386, where addresses wrap around.</summary>
    public ulong OffsetOf(int cpu) => AddressOf(cpu) - _linked & layout.AddressEnd;

    /// <summary>Whose area a frame is of; -1 for no CPU's.</summary>
    public int CpuOf(long pfn) => Array.FindIndex(_areas, a => pfn >= a.StartPfn && pfn < a.EndPfn);

    public void Apply(in BootPerCpuArea e, in EventHeader header)
    {
        _areas[e.Cpu] = new PageRange(e.Pfn, e.Pfn + e.Pages);
        _linked = (ulong)e.Linked;
    }

    /// <summary>Appends the areas; none add nothing.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        for (int cpu = 0; ArePlaced && cpu < _areas.Length; cpu++)
        {
            hash.Add(_areas[cpu].StartPfn);
            hash.Add(_areas[cpu].Pages ^ (long)_linked);
        }
    }
}
