using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Swap;

/// <summary>Shared memory goes to the swap area and comes back (mm/shmem.c, Linux 6.1).</summary>
public class ShmemSwapTests
{
    private const ulong Shared = 0x1000_0000, Private = 0x3000_0000;

    private readonly MemoryLog _log = new();

    /// <summary>
    /// Two processes that share memory, and have memory of their own, on a machine too small for both: each page comes back with what it
    /// held, for both, and in the end every frame and slot is given back.
    /// </summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, SwapDevice.Ssd, 2)]
    [InlineData(KernelProfile.X86_64, SwapDevice.Hdd, 1)]
    [InlineData(KernelProfile.I386, SwapDevice.Ssd, 1)]
    [InlineData(KernelProfile.I386Pae, SwapDevice.Zram, 1)]
    public void SharedMemoryOfTwoProcessesComesBackAsItWas(KernelProfile profile, SwapDevice device, int cpus)
    {
        TestMachine machine = Make(profile, device, cpus);
        long before = Available(machine);
        int shared = (int)(before * 2 / 3), own = (int)(before * 2 / 3);
        machine.Virtual.Tasks.Start("one", 0, Visitor(shared, own, seed: 1, fork: (task, child) => machine.Virtual.Tasks.Fork(task, child)), -1);
        SharedMemoryObjects objects = machine.Spaces.SharedMemory;
        long swapped = 0;
        for (long ps = 20_000_000_000; !machine.Virtual.Tasks.AllEnded && ps < 400_000_000_000; ps += 20_000_000_000)
        {
            machine.Run(ps);
            machine.AssertInvariants();
            swapped = Math.Max(swapped, objects.SwapEntries.Count);
            Assert.Equal(
                objects.ResidentPages << 2, MemInfo.Rows(machine.Machine.State.Memory).Single(r => r.Key == "Shmem").Value);
        }
        machine.Run();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.All([1, 2], pid => Assert.Equal((7, 0), (machine.Tasks[pid].ExitCode, machine.Tasks[pid].Signal)));
        Assert.Equal(0, reclaim[VmEvent.OomKill]);
        Assert.Equal((0, 0), (objects.SwapEntries.Count, objects.ResidentPages));
        machine.AssertInvariants();
        Assert.Equal(before, Available(machine) + reclaim.Swap.Cache.Count + reclaim.Swap.PoolFrames.Count);
        Assert.Equal(reclaim.Swap.PutAside + reclaim.Swap.Cache.Count, reclaim.Swap.Area.InUse);

        machine.Journal.Complete();
        var contents = new SwappedContents(-1, Shared);
        _log.Fold(machine.Catalogue, [contents]);
        Assert.True(swapped > 100 && contents.Written > 500 && contents.Read > 100, $"{swapped} swapped at once, {contents.Written} written, {contents.Read} read");
        AssertFolds(machine);
    }

    /// <summary>Swapped shared memory is the object's, not the process's: VmSwap does not count it; its slots go with the object.</summary>
    [Theory]
    [InlineData(SwapDevice.Ssd)]
    [InlineData(SwapDevice.Zram)]
    public void SlotsAreTheObjects_AndGoWithIt(SwapDevice device)
    {
        const int Pages = 64;
        TestMachine machine = Make(KernelProfile.X86_64, device, 1);
        SwapState swap = machine.Machine.State.Memory.Reclaim!.Swap;
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        SharedMemoryObjects objects = machine.Spaces.SharedMemory;
        int touched = 0, next = 0;
        void Touch(TaskContext task, AccessKind kind, int pages = Pages)
        {
            while (touched < pages && task.Access(Shared + ((ulong)touched << 12), 8, kind))
            {
                touched++;
            }
        }
        int InUse() => swap.Area.InUse - swap.PutAside;
        Action<TaskContext>[] deeds =
        [
            task => Map(task, Shared, Pages, MapFlags.Shared),
            task => Touch(task, AccessKind.Store),
            _ => Assert.Equal((Pages, 0), (objects.ResidentPages, objects.SwapEntries.Count)),
            task => Assert.Equal(0, task.Calls.Madvise(task, Shared, Pages << 12, MemoryAdvice.PageOut)),
            _ =>
            {
                Assert.Equal((0, Pages, 0, 0), (objects.ResidentPages, objects.SwapEntries.Count, machine.Spaces[1].ShmemRss, machine.Spaces[1].SwapEntries));
                Assert.Equal((Pages, Pages), (reclaim[VmEvent.Pswpout], InUse()));
                Assert.All(objects.SwapEntries.Entries, e => Assert.Equal(1, swap.Area.CountOf(e.Pfn)));
                machine.AssertInvariants();
            },
            task => Touch(task, AccessKind.Load, Pages / 2),
            _ =>
            {
                Assert.Equal((Pages / 2, Pages / 2, Pages / 2), (objects.ResidentPages, objects.SwapEntries.Count, machine.Spaces[1].ShmemRss));
                machine.AssertInvariants();
            },
            task => Assert.Equal(0, task.Calls.Munmap(task, Shared, Pages << 12)),
            _ => Assert.Equal((0, 0), (objects.ResidentPages, objects.SwapEntries.Count)),
        ];
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, _) =>
        {
            while (!task.IsOver && next < deeds.Length)
            {
                deeds[next](task);
                if (!task.IsBlocked)
                {
                    (next, touched) = (next + 1, 0);
                }
            }
            return next < deeds.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.Equal(deeds.Length, next);
        Assert.Equal(swap.Cache.Count, InUse());
        machine.AssertInvariants();
        machine.Journal.Complete();
        AssertFolds(machine);
    }

    /// <summary>Without a free slot shared memory stays where it is.</summary>
    [Fact]
    public void WithoutSlotsItStays()
    {
        TestMachine machine = new(bytes: 96L << 20, sink: _log, reclaim: new ReclaimOptions { Enabled = true });
        const int Pages = 64;
        bool mapped = false;
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, _) =>
        {
            mapped = mapped || Map(task, Shared, Pages, MapFlags.Shared);
            for (int p = 0; p < Pages; p++)
            {
                Assert.True(task.Access(Shared + ((ulong)p << 12), 8, AccessKind.Store));
            }
            Assert.Equal(0, task.Calls.Madvise(task, Shared, Pages << 12, MemoryAdvice.PageOut));
            Assert.Equal((Pages, 0), (machine.Spaces.SharedMemory.ResidentPages, machine.Spaces.SharedMemory.SwapEntries.Count));
            return ProgramStatus.Exited;
        }), -1);
        machine.Run();
        machine.AssertInvariants();
    }

    private TestMachine Make(KernelProfile profile, SwapDevice device, int cpus) => new(
        profile, cpus, bytes: 96L << 20, sink: _log, swap: new SwapOptions { Device = device, Size = 256L << 20 },
        mm: new MmOptions { Overcommit = OvercommitMode.Always });

    private static bool Map(TaskContext task, ulong at, int pages, MapFlags sharing)
    {
        Assert.Equal((long)at, task.Calls.Mmap(
            task, at, (ulong)pages << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.FixedNoReplace | sharing));
        return true;
    }

    /// <summary>Writes all shared pages, then visits pages of both kinds at random; the one that forks does so before.</summary>
    private static ScriptedProgram Visitor(int shared, int own, ulong seed, Func<TaskContext, IProgram, long>? fork)
    {
        var random = new RandomStream(seed, "visits");
        MemoryAccess[] accesses =
        [
            .. Enumerable.Range(0, shared).Select(p => new MemoryAccess(Shared + ((ulong)p << 12), 8, AccessKind.Store)),
            .. Enumerable.Range(0, own).Select(p => new MemoryAccess(Private + ((ulong)p << 12), 8, AccessKind.Store)),
            .. Enumerable.Range(0, 2_000).Select(i => new MemoryAccess(
                i % 4 == 0 ? Private + (random.NextBelow((ulong)own) << 12) : Shared + (random.NextBelow((ulong)shared) << 12), 8,
                i % 3 == 0 ? AccessKind.Store : AccessKind.Load)),
        ];
        int done = 0;
        return new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                if (fork is not null)
                {
                    Map(task, Shared, shared, MapFlags.Shared);
                    Assert.Equal(2, fork(task, Visitor(shared, own, seed + 1, fork: null)));
                }
                Map(task, Private, own, MapFlags.Private);
            }
            done += task.Run(accesses.AsSpan(done));
            task.ExitCode = 7;
            return done < accesses.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        });
    }

    private void AssertFolds(TestMachine machine)
    {
        var folded = new MachineState(machine.Options);
        _log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    private static long Available(TestMachine machine) =>
        machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));
}
