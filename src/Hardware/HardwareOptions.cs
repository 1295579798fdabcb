using Sim.Hardware.Cpu;
using Sim.Hardware.Devices;
using Sim.Hardware.Dram;
using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;

namespace Sim.Hardware;

/// <summary>How much of what the hardware does is logged.</summary>
public enum LogDetail
{
    /// <summary>State changes.</summary>
    Normal = 0,

    /// <summary>TLB hits and row hits too, which change no sourced state.</summary>
    Full = 1,
}

/// <summary>The machine below the kernel.</summary>
public sealed record HardwareOptions
{
    /// <summary>CPUs, 1 to 255.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Core clock in MHz, 1 to 1,000,000.</summary>
    public int CpuFrequencyMhz { get; init; } = 2500;

    /// <summary>Page frames: pfns run from 0 to this, exclusive.</summary>
    public long Frames { get; init; } = 262_144;

    /// <summary>Format of the page tables.</summary>
    public PagingMode Paging { get; init; } = PagingMode.X86_64FourLevel;

    /// <summary>Costs of the cores.</summary>
    public CpuOptions Cpu { get; init; } = new();

    /// <summary>TLBs of each CPU.</summary>
    public TlbOptions Tlb { get; init; } = new();

    /// <summary>Memory.</summary>
    public DramOptions Dram { get; init; } = new();

    /// <summary>Block devices.</summary>
    public BlockDeviceOptions Disks { get; init; } = new();

    /// <summary>How much is logged.</summary>
    public LogDetail Detail { get; init; }
}
