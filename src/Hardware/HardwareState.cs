using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Dram;
using Sim.Hardware.Memory;
using Sim.Hardware.Segmentation;
using Sim.Hardware.Tlb;

namespace Sim.Hardware;

/// <summary>All sourced state of the hardware, made from options alone, so that a fold can make it too.</summary>
public sealed class HardwareState
{
    /// <exception cref="ArgumentException">An option is impossible; the message says which and what would do.</exception>
    public HardwareState(HardwareOptions options)
    {
        HardwareLimits.Check(options);
        Options = options;
        Gdt = GlobalDescriptorTable.ForLinux(options.Paging);
        Memory = new PhysicalMemory(options.Frames, options.Paging);
        Descriptors = new DescriptorTables(Gdt, options.Cpus);
        Cpus = new CpuState(options.Cpus, Descriptors);
        Tlb = new TlbState(options.Cpus, options.Tlb, options.Paging);
        Dram = new DramState(DramGeometry.BanksPerRank * options.Dram.Ranks);
    }

    /// <summary>What it was made from.</summary>
    public HardwareOptions Options { get; }

    /// <summary>The descriptor table that every CPU starts with; constant.</summary>
    public GlobalDescriptorTable Gdt { get; }

    /// <summary>The CPUs' descriptor tables, and the local ones.</summary>
    public DescriptorTables Descriptors { get; }

    /// <summary>Contents of page tables.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>Registers of the CPUs.</summary>
    public CpuState Cpus { get; }

    /// <summary>Contents of the TLBs.</summary>
    public TlbState Tlb { get; }

    /// <summary>Open rows.</summary>
    public DramState Dram { get; }

    /// <summary>The objects that apply hardware events.</summary>
    public IEnumerable<object> Appliers => [Memory, Descriptors, Cpus, Tlb, Dram];

    /// <summary>Adds the canonical form of the state; parts whose category is not logged are left out.</summary>
    public void HashInto(ref XxHash64 hash, bool withTlb, bool withDram)
    {
        Memory.HashInto(ref hash);
        Cpus.HashInto(ref hash);
        Descriptors.HashInto(ref hash);
        if (withTlb)
        {
            Tlb.HashInto(ref hash);
        }
        if (withDram)
        {
            Dram.HashInto(ref hash);
        }
    }
}
