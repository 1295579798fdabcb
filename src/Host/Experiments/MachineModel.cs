using Sim.Hardware;
using Sim.Hardware.Cpu;
using Sim.Hardware.Dram;
using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;
using Sim.Kernel;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Experiments;

/// <summary>The options of hardware and kernel that an experiment's settings stand for.</summary>
public static class MachineModel
{
    /// <summary>The firmware's memory map.</summary>
    /// <exception cref="ImpossibleMachineException">It has no usable memory.</exception>
    public static MemoryMap MapOf(Experiment experiment) => experiment.Machine.MemoryMap is { } ranges
        ? new MemoryMap([.. ranges.Select(r => new MemoryRange(
            r.Start.Bytes, r.Size.Bytes, r.Type == MemoryRangeType.Usable ? Sim.Kernel.Boot.MemoryRangeType.Usable : Sim.Kernel.Boot.MemoryRangeType.Reserved))])
        : MemoryMap.FromSize(experiment.Machine.Memory.Bytes);

    /// <summary>The whole machine.</summary>
    /// <exception cref="ImpossibleMachineException">It has no usable memory.</exception>
    public static MachineOptions OptionsOf(Experiment experiment)
    {
        MemoryMap map = MapOf(experiment);
        return new MachineOptions(HardwareOf(experiment, map), KernelOf(experiment), map)
        {
            QuantumPs = experiment.Machine.Quantum.Ps,
        };
    }

    /// <summary>The hardware.</summary>
    /// <param name="map">From <see cref="MapOf"/>.</param>
    public static HardwareOptions HardwareOf(Experiment experiment, MemoryMap map)
    {
        MachineSettings machine = experiment.Machine;
        return new HardwareOptions
        {
            Cpus = machine.Cpus,
            CpuFrequencyMhz = machine.CpuFrequencyMhz,
            Frames = map.EndPfn,
            Paging = experiment.Kernel.Profile == KernelProfile.X86_64 ? PagingMode.X86_64FourLevel : PagingMode.I386TwoLevel,
            Cpu = new CpuOptions
            {
                CyclesPerInstruction = machine.Cpu.CyclesPerInstruction,
                SyscallEntryCycles = machine.Cpu.SyscallEntryCycles,
                ExceptionEntryCycles = machine.Cpu.ExceptionEntryCycles,
                InterruptEntryCycles = machine.Cpu.InterruptEntryCycles,
                SyscallReturnCycles = machine.Cpu.SyscallReturnCycles,
                InterruptReturnCycles = machine.Cpu.InterruptReturnCycles,
                LoadRootCycles = machine.Cpu.LoadRootCycles,
                InvalidatePageCycles = machine.Cpu.InvalidatePageCycles,
            },
            Tlb = new TlbOptions
            {
                L1Instruction = SizeOf(machine.Tlb.L1Instruction),
                L1InstructionLarge = SizeOf(machine.Tlb.L1InstructionLarge),
                L1Data = SizeOf(machine.Tlb.L1Data),
                L1DataLarge = SizeOf(machine.Tlb.L1DataLarge),
                L2 = SizeOf(machine.Tlb.L2),
                L2HitCycles = machine.Tlb.L2HitCycles,
                PdeCacheEntries = machine.Tlb.PdeCacheEntries,
                Pcid = machine.Tlb.Pcid,
            },
            Dram = new DramOptions
            {
                Preset = machine.Dram.Preset,
                Enabled = machine.Dram.Enabled,
                Refresh = machine.Dram.Refresh,
                Ranks = machine.Dram.Ranks ?? DramOptions.RanksFor(map.EndPfn << Page.Shift),
                FlatLatencyCycles = machine.Dram.FlatLatencyCycles,
            },
            Detail = experiment.Log.Detail == LogDetail.Full ? Sim.Hardware.LogDetail.Full : Sim.Hardware.LogDetail.Normal,
        };
    }

    /// <summary>The kernel.</summary>
    public static KernelOptions KernelOf(Experiment experiment)
    {
        KernelSettings kernel = experiment.Kernel;
        return new KernelOptions
        {
            Profile = kernel.Profile == KernelProfile.X86_64 ? Sim.Kernel.KernelProfile.X86_64 : Sim.Kernel.KernelProfile.I386Classic,
            MinFreeKbytes = kernel.MinFreeKbytes,
            Zones = new ZoneLimits
            {
                DmaEnd = kernel.Zones.DmaEnd.Bytes,
                Dma32End = kernel.Zones.Dma32End.Bytes,
                LowmemEnd = kernel.Zones.LowmemEnd.Bytes,
            },
            Boot = new BootOptions { KernelImageBytes = kernel.Boot.KernelImage.Bytes },
            PageAllocator = new PageAllocatorCosts
            {
                AllocPcpNs = kernel.PageAllocator.AllocPcpNs,
                FreePcpNs = kernel.PageAllocator.FreePcpNs,
                AllocBuddyNs = kernel.PageAllocator.AllocBuddyNs,
                FreeBuddyNs = kernel.PageAllocator.FreeBuddyNs,
                PcpMoveNs = kernel.PageAllocator.PcpMoveNs,
                StealNs = kernel.PageAllocator.StealNs,
                FailNs = kernel.PageAllocator.FailNs,
            },
        };
    }

    /// <summary>Refuses a machine that cannot boot.</summary>
    /// <exception cref="ImpossibleMachineException">The message names the key.</exception>
    internal static void Check(Experiment experiment)
    {
        MemoryMap map = MapOf(experiment);
        KernelOptions kernel = KernelOf(experiment);
        var profile = ZoneProfile.Of(kernel.Profile, kernel.Zones, map);
        BootReservations.Compute(profile, map, kernel.Boot, experiment.Machine.Cpus);
    }

    private static TlbSize SizeOf(TlbSizeSettings size) => new(size.Entries, size.Ways);
}
