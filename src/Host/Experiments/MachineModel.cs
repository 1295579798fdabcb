using Sim.Hardware;
using Sim.Hardware.Cpu;
using Sim.Hardware.Devices;
using Sim.Hardware.Dram;
using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;
using Sim.Kernel;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Slab;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
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
            Seed = (ulong)experiment.Seed,
            Lists = experiment.Machine.Lists?.Load(),
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
            Paging = experiment.Kernel.Profile switch
            {
                KernelProfile.X86_64 => PagingMode.X86_64FourLevel,
                KernelProfile.I386Pae => PagingMode.I386Pae,
                _ => PagingMode.I386TwoLevel,
            },
            Cpu = OptionsMap.To<CpuOptions>(machine.Cpu),
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
            Disks = new BlockDeviceOptions
            {
                HardDisk = OptionsMap.To<HardDiskOptions>(machine.Disks.HardDisk),
                SolidState = OptionsMap.To<SolidStateOptions>(machine.Disks.SolidState),
                CompressedMemory = OptionsMap.To<CompressedMemoryOptions>(machine.Disks.CompressedMemory),
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
            Profile = Enum.Parse<Sim.Kernel.KernelProfile>(kernel.Profile.ToString()),
            MinFreeKbytes = kernel.MinFreeKbytes,
            TransparentHugePages = Enum.Parse<Sim.Kernel.TransparentHugePages>(kernel.TransparentHugePages.ToString()),
            TransparentHugePagesDefrag = Enum.Parse<Sim.Kernel.HugePageDefrag>(kernel.TransparentHugePagesDefrag.ToString()),
            Khugepaged = OptionsMap.To<KhugepagedOptions>(kernel.Khugepaged),
            Zones = OptionsMap.To<ZoneLimits>(kernel.Zones),
            Boot = BootOf(kernel.Boot),
            PageAllocator = OptionsMap.To<PageAllocatorCosts>(kernel.PageAllocator),
            Compaction = OptionsMap.To<CompactionOptions>(kernel.Compaction),
            Mm = OptionsMap.To<MmOptions>(kernel.Mm),
            MmCosts = OptionsMap.To<MmCosts>(kernel.MmCosts),
            Tasks = OptionsMap.To<TaskOptions>(kernel.Tasks),
            Reclaim = OptionsMap.To<ReclaimOptions>(kernel.Reclaim),
            Swap = OptionsMap.To<SwapOptions>(kernel.Swap),
            PageCache = OptionsMap.To<PageCacheOptions>(kernel.PageCache),
            Memcg = OptionsMap.To<Sim.Kernel.Memcg.MemcgOptions>(kernel.Memcg),
            Slab = OptionsMap.To<SlabAllocatorOptions>(kernel.Slab),
        };
    }

    /// <summary>Refuses a machine that cannot boot.</summary>
    /// <exception cref="ImpossibleMachineException">The message names the key.</exception>
    internal static void Check(Experiment experiment)
    {
        MemoryMap map = MapOf(experiment);
        KernelOptions kernel = KernelOf(experiment);
        var profile = ZoneProfile.Of(kernel.Profile, kernel.Zones, map);
        BootPlan.Of(profile, map, kernel, experiment.Machine.Cpus);
    }

    private static BootOptions BootOf(BootSettings boot) => new()
    {
        KernelImageBytes = boot.KernelImageBytes.Bytes,
        InitrdBytes = boot.InitrdBytes.Bytes,
        LogBufferBytes = boot.LogBufferBytes.Bytes,
        CommandLineBytes = boot.CommandLineBytes,
        Reservations = boot.Reservations?.Select(r => new MemblockRegion(r.Start.Bytes, r.Size.Bytes)).ToArray(),
    };

    /// <summary>Refuses captured lists that are not the machine's, and workloads that need what the lists leave out.</summary>
    /// <exception cref="ExperimentException">The lists cannot be read, are of another machine, or do not serve a workload.</exception>
    internal static void CheckLists(Experiment experiment)
    {
        if (experiment.Machine.Lists?.Load() is not { } lists)
        {
            return;
        }
        for (int i = 0; i < experiment.Workload.Count && !lists.OwnKernel; i++)
        {
            if (experiment.Workload[i] is not Workloads.CaptureOptions)
            {
                throw new ExperimentException($"workload.{i} needs page tables and caches of the kernel's own, and machine.lists.ownKernel is false. Leave it true.");
            }
        }
        MemoryMap map = MapOf(experiment);
        KernelOptions kernel = KernelOf(experiment);
        try
        {
            ListLoader.Check(ZoneProfile.Of(kernel.Profile, kernel.Zones, map), map, experiment.Machine.Cpus, lists);
        }
        catch (ImpossibleMachineException e)
        {
            throw new ExperimentException($"{experiment.Machine.Lists.States}: {e.Message}", e);
        }
    }

    private static TlbSize SizeOf(TlbSizeSettings size) => new(size.Entries, size.Ways);
}
