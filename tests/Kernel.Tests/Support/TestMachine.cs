using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware;
using Sim.Hardware.Events;
using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;
using Sim.Kernel.Boot;
using Sim.Kernel.Events;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Tests.Support;

/// <summary>A whole booted machine with CPUs that run programs.</summary>
internal sealed class TestMachine
{
    public TestMachine(
        KernelProfile profile = KernelProfile.X86_64, int cpus = 1, bool pcid = false, long bytes = 256L << 20, IBlockSink? sink = null,
        TaskOptions? tasks = null, long quantumPs = 10_000_000, Sim.Kernel.Compaction.CompactionOptions? compaction = null,
        Sim.Kernel.Swap.SwapOptions? swap = null, Sim.Kernel.Reclaim.ReclaimOptions? reclaim = null,
        Sim.Kernel.PageCache.PageCacheOptions? pageCache = null, MmOptions? mm = null,
        Sim.Kernel.Memcg.MemcgOptions? memcg = null, Sim.Kernel.Slab.SlabAllocatorOptions? slab = null,
        TransparentHugePages huge = TransparentHugePages.Never, KhugepagedOptions? khugepaged = null)
    {
        var map = MemoryMap.FromSize(bytes);
        Options = new MachineOptions(
            new HardwareOptions
            {
                Cpus = cpus,
                Frames = map.EndPfn,
                Paging = profile == KernelProfile.X86_64 ? PagingMode.X86_64FourLevel
                    : profile == KernelProfile.I386Pae ? PagingMode.I386Pae : PagingMode.I386TwoLevel,
                Tlb = new TlbOptions { Pcid = pcid },
            },
            new KernelOptions
            {
                Profile = profile,
                TransparentHugePages = huge,
                Khugepaged = khugepaged ?? new KhugepagedOptions(),
                Tasks = tasks ?? new TaskOptions(),
                Compaction = compaction ?? new Sim.Kernel.Compaction.CompactionOptions(),
                PageCache = pageCache ?? new Sim.Kernel.PageCache.PageCacheOptions(),
                Mm = mm ?? new MmOptions(),
                Slab = slab ?? new Sim.Kernel.Slab.SlabAllocatorOptions(),
                Memcg = memcg ?? new Sim.Kernel.Memcg.MemcgOptions(),
                Swap = swap ?? new Sim.Kernel.Swap.SwapOptions(),
                Reclaim = reclaim ?? new Sim.Kernel.Reclaim.ReclaimOptions(),
            },
            map)
        {
            QuantumPs = quantumPs,
        };
        HardwareEvents.AddTo(Catalogue);
        KernelEvents.AddTo(Catalogue);
        Journal = new Journal(sink ?? new NullBlockSink(), Catalogue);
        Machine = new Machine(Options, Journal, new TimingWheelEventQueue());
        foreach (var cpu in Machine.Cpus)
        {
            cpu.ChecksTranslations = true;
        }
        Machine.Boot();
    }

    public MachineOptions Options { get; }
    public EventCatalogue Catalogue { get; } = new();
    public Journal Journal { get; }
    public Machine Machine { get; }
    public VirtualMemory Virtual => Machine.Virtual;
    public TaskTable Tasks => Machine.State.Virtual.Tasks;
    public AddressSpaces Spaces => Machine.State.Virtual.Spaces;

    public void Run(long untilPs = long.MaxValue)
    {
        while (Machine.Scheduler.Step(untilPs))
        {
        }
    }

    public long FrameAt(int pid, ulong address)
    {
        ulong entry = Spaces.Tables.ReadPte(Spaces[pid].Root, address);
        return entry == 0 ? -1 : Options.Hardware.Paging.PfnOf(entry);
    }

    public void AssertInvariants()
    {
        Assert.Null(AddressSpaceInvariants.Violation(Spaces, Machine.State.Memory.Pages.Frames));
        Assert.Null(Sim.Kernel.Buddy.PageInvariants.Violation(Machine.State.Memory.Pages));
    }

    /// <summary>Every translation a CPU could use now is what the page tables say; returns how many there were.</summary>
    public int AssertTranslationsAreTrue()
    {
        int checkedEntries = 0;
        foreach (var cpu in Machine.Cpus)
        {
            int pid = Enumerable.Range(1, Tasks.MaxPid).FirstOrDefault(p => Spaces.Find(p)?.Root == cpu.Root);
            if (pid == 0)
            {
                continue;
            }
            ReadOnlySpan<ulong> tags = Machine.State.Hardware.Tlb.Tags(cpu.Id), data = Machine.State.Hardware.Tlb.Data(cpu.Id);
            for (int slot = 0; slot < tags.Length; slot++)
            {
                if (tags[slot] == TlbGeometry.Empty || (int)(tags[slot] >> 52) != cpu.Asid)
                {
                    continue;
                }
                ulong address = (tags[slot] & ((1UL << 36) - 1)) << 12;
                ulong entry = Spaces.Tables.ReadPte(Spaces[pid].Root, address);
                Assert.True((entry & (ulong)PteFlags.Present) != 0, $"CPU {cpu.Id} remembers 0x{address:x}, which pid {pid} has not mapped");
                Assert.Equal(Options.Hardware.Paging.PfnOf(entry), (long)(data[slot] >> 12));
                Assert.True((data[slot] & (ulong)TlbFlags.Write) == 0 || (entry & (ulong)PteFlags.Write) != 0, $"CPU {cpu.Id} may still write 0x{address:x}");
                checkedEntries++;
            }
        }
        return checkedEntries;
    }
}
