using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Slab;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Vfs;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Vfs;

/// <summary>Machines whose memory is full of names and inodes when a task needs it.</summary>
public class FileNamesPressureTests
{
    private const ulong At = 0x1000_0000;
    private const int Files = 20_000;

    /// <summary>Memory pressure takes unused names and inodes, empties their slabs, and their frames serve the task; those in use stay.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, SlabAllocatorKind.Slub)]
    [InlineData(KernelProfile.X86_64, SlabAllocatorKind.Slab)]
    [InlineData(KernelProfile.I386, SlabAllocatorKind.Slub)]
    public void UnusedNamesGoAndSlabsAreGivenBack(KernelProfile profile, SlabAllocatorKind kind)
    {
        var log = new MemoryLog();
        TestMachine machine = Make(profile, kind, vfsCachePressure: 100, log);
        int system = Fill(machine, inUse: 50);
        VfsState vfs = machine.Machine.State.Memory.Vfs;
        Assert.Equal((Files, Files - 50), (vfs.Dentries, vfs.UnusedDentries));
        long before = ReclaimablePages(machine);
        Pressure(machine);
        Assert.Null(machine.Machine.State.Memory.Violation());
        machine.AssertInvariants();
        var shrinker = Assert.Single(machine.Machine.State.Memory.Shrinkers.Shrinkers);
        Assert.InRange(vfs.Dentries, 50, Files / 2);
        // Every frame that the caches lost is one that the shrinker counted as given back.
        Assert.Equal(before - ReclaimablePages(machine), shrinker.FreedPages);
        Assert.InRange(shrinker.FreedPages, before / 10, before);
        Assert.Equal(Files - vfs.Dentries + Files - vfs.Inodes, shrinker.FreedObjects);
        // Files that are open are found; of the others some are not.
        CpuClock cpu = machine.Machine.Cpus[0];
        Assert.All(Enumerable.Range(0, 50), f => Assert.Equal(LookupResult.Hit, machine.Machine.Names.Open(system, f, cpu, -1)));
        Assert.Contains(Enumerable.Range(50, 1_000), f => machine.Machine.Names.Open(system, f, cpu, -1) == LookupResult.Miss);
        long scanned = VmStat.Rows(machine.Machine.State).Single(r => r.Key == "slabs_scanned").Value;

        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        var walks = new Walks();
        log.Fold(machine.Catalogue, folded.Appliers);
        log.Fold(machine.Catalogue, [walks]);
        // A call looks at one object of each list even where its share is none, which slabs_scanned does not count.
        Assert.InRange(walks.Objects, shrinker.FreedObjects, scanned + walks.Count);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
        Assert.Equal(vfs.Dentries, folded.Memory.Vfs.Dentries);
    }

    /// <summary><c>vm.vfs_cache_pressure</c> 0 leaves names alone; the task's own pages go instead.</summary>
    [Fact]
    public void WithoutPressureOnThemNamesStay()
    {
        TestMachine none = Make(KernelProfile.X86_64, SlabAllocatorKind.Slub, vfsCachePressure: 0, new MemoryLog());
        TestMachine usual = Make(KernelProfile.X86_64, SlabAllocatorKind.Slub, vfsCachePressure: 100, new MemoryLog());
        foreach (TestMachine machine in (TestMachine[])[none, usual])
        {
            Fill(machine, inUse: 0);
            Pressure(machine);
        }
        Assert.Equal(Files, none.Machine.State.Memory.Vfs.Dentries);
        Assert.Equal(0, none.Machine.State.Memory.Shrinkers.ScannedObjects);
        Assert.True(SwappedOut(none) > SwappedOut(usual));
    }

    /// <summary>A request that must not call file systems takes no names; what it should have looked at waits (<c>SHRINK_STOP</c>).</summary>
    [Fact]
    public void ARequestThatMustNotCallFileSystemsPutsItOff()
    {
        TestMachine machine = Make(KernelProfile.X86_64, SlabAllocatorKind.Slub, vfsCachePressure: 100, new MemoryLog());
        Fill(machine, inUse: 0);
        CpuClock cpu = machine.Machine.Cpus[0];
        var shrinker = machine.Machine.State.Memory.Shrinkers.Shrinkers[0];
        Zone[] zones = [.. machine.Machine.State.Memory.Pages.Zones.Where(z => z.IsPopulated).Reverse()];
        machine.Virtual.Reclaim!.Direct.TryToFreePages(zones, 0, GfpFlags.NoFs, cpu, -1);
        Assert.Equal((0L, Files), (shrinker.FreedObjects, machine.Machine.State.Memory.Vfs.Dentries));
        long deferred = shrinker.DeferredObjects;
        Assert.True(deferred > 0);
        machine.Virtual.Reclaim!.Direct.TryToFreePages(zones, 0, GfpFlags.Kernel, cpu, -1);
        Assert.True(shrinker.FreedObjects > 0);
        Assert.Null(machine.Machine.State.Memory.Violation());
    }

    private static TestMachine Make(KernelProfile profile, SlabAllocatorKind kind, int vfsCachePressure, MemoryLog log) => new(
        profile, bytes: 96L << 20, sink: log, swap: new SwapOptions { Device = SwapDevice.Ssd, Size = 256L << 20 },
        reclaim: new ReclaimOptions { VfsCachePressure = vfsCachePressure }, slab: new SlabAllocatorOptions { Allocator = kind });

    /// <summary>Opens each file once, and closes all but some.</summary>
    private static int Fill(TestMachine machine, int inUse)
    {
        CpuClock cpu = machine.Machine.Cpus[0];
        int system = machine.Machine.Names.Mount("ext4", 192, 1_192, 0, cpu);
        for (int file = 0; file < Files; file++)
        {
            Assert.Equal(LookupResult.Miss, machine.Machine.Names.Open(system, file, cpu, -1));
            if (file >= inUse)
            {
                machine.Machine.Names.Close(system, file, cpu, -1);
            }
        }
        return system;
    }

    /// <summary>A task writes to more pages than are free.</summary>
    private static void Pressure(TestMachine machine)
    {
        int pages = (int)machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages) + 6_000, done = 0;
        MemoryAccess[] writes = [.. Enumerable.Range(0, pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store))];
        machine.Virtual.Tasks.Start("large", 0, new ScriptedProgram((task, step) =>
        {
            for (int piece = 0; step == 0 && piece < pages; piece += 1_024)
            {
                task.Calls.Mmap(
                    task, At + ((ulong)piece << 12), (ulong)Math.Min(1_024, pages - piece) << 12, ProtFlags.Read | ProtFlags.Write,
                    MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
            }
            done += task.Run(writes.AsSpan(done));
            return done < pages ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.Equal(TaskState.Dead, machine.Tasks[1].State);
        Assert.Equal(0, machine.Tasks[1].Signal);
    }

    private static long ReclaimablePages(TestMachine machine) => machine.Machine.State.Memory.Slab.Pages(reclaimable: true);

    private static long SwappedOut(TestMachine machine) => machine.Machine.State.Memory.Reclaim![VmEvent.Pswpout];

    /// <summary>Adds up how many objects walks were to look at.</summary>
    private sealed class Walks : IApply<VfsWalk>
    {
        public long Count { get; private set; }

        public long Objects { get; private set; }

        public void Apply(in VfsWalk e, in EventHeader header)
        {
            Count++;
            Objects += e.ScanObjects;
        }
    }
}
