using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>Programs that lock pages, give them up, or say they are cold, in a kernel that reclaims.</summary>
public class AdviceTests
{
    private const ulong At = 0x1000_0000, Other = 0x3000_0000;
    private const int Pages = 64;

    private readonly MemoryLog _log = new();
    private int _touched;

    /// <summary>Locked pages are on the unevictable list, are there still after pressure, and go back when they are unlocked.</summary>
    [Fact]
    public void LockedPagesStay_AndAreEvictableAgainWhenUnlocked()
    {
        TestMachine machine = Make();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        int much = (int)machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages) + 1_000;
        long[] frames = [];
        int slept = 0;
        long[] Frames() => [.. Enumerable.Range(0, Pages).Select(i => machine.FrameAt(1, At + ((ulong)i << 12)))];
        Run(
            machine,
            task => Fill(task, At, Pages),
            // All of it is swapped out first, so that mlock has to read it, and sleeps.
            task => Fill(task, Other, much),
            task =>
            {
                long result = task.Calls.Mlock(task, At, Pages << 12);
                slept += task.IsBlocked ? 1 : 0;
                Assert.Equal(task.IsBlocked ? -(long)Errno.ERESTARTSYS : 0, result);
            },
            _ =>
            {
                frames = Frames();
                Assert.Equal((Pages, Pages), (reclaim.Mlocked, reclaim[VmEvent.UnevictablePgsMlocked]));
            },
            task => Touch(task, Other, much, AccessKind.Store),
            _ =>
            {
                Assert.True(reclaim[VmEvent.Pswpout] > 500);
                Assert.Equal(frames, Frames());
                Assert.Equal(Pages, reclaim.Lru.Size(LruList.Unevictable));
            },
            task => Assert.Equal(0, task.Calls.Munlock(task, At, (Pages / 2) << 12)),
            _ => Assert.Equal((Pages / 2, Pages / 2, Pages / 2), (reclaim.Mlocked, reclaim.Lru.Size(LruList.Unevictable), reclaim[VmEvent.UnevictablePgsRescued])));
        Assert.Equal((0, 0), (reclaim.Mlocked, reclaim.Lru.Size(LruList.Unevictable)));
        Assert.True(slept > 0);
    }

    /// <summary>Pages given up are dropped without being written, those written again are not; what is dropped reads as zeroes.</summary>
    [Fact]
    public void PagesGivenUp_GoWithoutSwap_UnlessTheyAreWrittenAgain()
    {
        TestMachine machine = Make();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        long swapped = -1;
        Run(
            machine,
            task => Fill(task, At, Pages),
            task => Assert.Equal(0, task.Calls.Madvise(task, At, Pages << 12, MemoryAdvice.Free)),
            _ => Assert.Equal((Pages, Pages), (reclaim[VmEvent.Pglazyfree], reclaim.Lru.Size(LruList.InactiveFile))),
            _ => Assert.Equal((Pages * 4, false), LazyFree(machine)),
            task => Touch(task, At, 16, AccessKind.Store),
            // Pages that were written to again are none of those, although the kernel finds that out only later.
            _ => Assert.Equal(((Pages - 16) * 4, false), LazyFree(machine)),
            task => Assert.Equal(0, task.Calls.Madvise(task, At, Pages << 12, MemoryAdvice.PageOut)),
            _ =>
            {
                Assert.Equal(Pages - 16, reclaim[VmEvent.Pglazyfreed]);
                Assert.All(Enumerable.Range(0, Pages), i => Assert.Equal(i < 16, machine.FrameAt(1, At + ((ulong)i << 12)) >= 0));
                Assert.Equal(16, machine.Spaces[1].AnonRss);
                swapped = reclaim[VmEvent.Pswpout];
            },
            // Now they are pages as others, and go to the swap area.
            task => Assert.Equal(0, task.Calls.Madvise(task, At, Pages << 12, MemoryAdvice.PageOut)),
            _ => Assert.Equal((0, 16), (swapped, reclaim[VmEvent.Pswpout])));
    }

    /// <summary>MADV_COLD makes active pages inactive and unused; MADV_PAGEOUT writes them out, from where they are read again.</summary>
    [Fact]
    public void ColdPagesAreInactive_AndPageoutWritesThem()
    {
        TestMachine machine = Make();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Run(
            machine,
            task => Fill(task, At, Pages),
            task => Assert.Equal(0, task.Calls.Madvise(task, At, Pages << 12, MemoryAdvice.Cold)),
            _ =>
            {
                Assert.Equal(0, reclaim.Lru.Size(LruList.ActiveAnon));
                Assert.All(Enumerable.Range(0, Pages), i => Assert.Equal(0, machine.Spaces.References(machine.FrameAt(1, At + ((ulong)i << 12)), out bool _, out bool _)));
            },
            task => Assert.Equal(0, task.Calls.Madvise(task, At, Pages << 12, MemoryAdvice.PageOut)),
            _ => Assert.Equal((Pages, Pages), (reclaim[VmEvent.Pswpout], machine.Spaces[1].SwapEntries)),
            task => Touch(task, At, Pages, AccessKind.Load),
            _ => Assert.Equal((0, Pages), (machine.Spaces[1].SwapEntries, machine.Spaces[1].AnonRss)));
    }

    /// <summary>MADV_WILLNEED reads a file's range, and the access that comes later finds it.</summary>
    [Fact]
    public void WhatWillBeNeededIsRead()
    {
        TestMachine machine = Make();
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        int file = machine.Journal.Intern("/file");
        machine.Virtual.Calls.Create(file, Pages, -1);
        Run(
            machine,
            task => task.Calls.Mmap(task, At, Pages << 12, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, new MappedFile(file)),
            task => Assert.Equal(0, task.Calls.Madvise(task, At + 4_096, 20 << 12, MemoryAdvice.WillNeed)),
            _ => Assert.Equal((20, 20), (machine.Spaces.Cache.Count, reclaim[VmEvent.Pgpgin])),
            task => Touch(task, At + 4_096, 20, AccessKind.Load),
            _ => Assert.Equal(20, machine.Spaces.Cache.Count));
    }

    /// <summary>KiB of such pages by smaps, and whether the first of them is backed by swap.</summary>
    private static (long Kib, bool SwapBacked) LazyFree(TestMachine machine) => (
        Smaps.Rows(machine.Machine.State, 1, machine.Journal.Symbols).Sum(r => r.LazyFree),
        StructPage.Row(machine.Machine.State, machine.FrameAt(1, At), machine.Journal.Symbols).Flags.Contains("swapbacked"));

    /// <summary>
    /// MADV_WILLNEED reads from the swap area what is swapped out of anonymous and of shared memory, and of the latter, as the kernel
    /// does, also the page behind; the accesses that come later find it and are no major faults.
    /// </summary>
    [Theory]
    [InlineData(MapFlags.Private, 20)]
    [InlineData(MapFlags.Shared, 21)]
    public void WhatWillBeNeededIsReadFromSwap(MapFlags kind, int read)
    {
        // Compressed memory frees a page as soon as it is written.
        TestMachine machine = Make(SwapDevice.Zram);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        long major = -1;
        Run(
            machine,
            task => task.Calls.Mmap(task, At, Pages << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Fixed | kind),
            task => Touch(task, At, Pages, AccessKind.Store),
            task => Assert.Equal(0, task.Calls.Madvise(task, At, Pages << 12, MemoryAdvice.PageOut)),
            _ => Assert.Equal((Pages, 0), (reclaim[VmEvent.Pswpout], reclaim.Swap.Cache.Count)),
            task => Assert.Equal(0, task.Calls.Madvise(task, At + 4_096, 20 << 12, MemoryAdvice.WillNeed)),
            _ => Assert.Equal((read, read, 0), (reclaim.Swap.Cache.Count, reclaim[VmEvent.Pswpin], reclaim[VmEvent.SwapRa])),
            _ => major = machine.Spaces.Faults(1).Major,
            task => Touch(task, At + 4_096, 20, AccessKind.Load),
            _ => Assert.Equal((read, major), (reclaim[VmEvent.Pswpin], machine.Spaces.Faults(1).Major)));
    }

    private TestMachine Make(SwapDevice device = SwapDevice.Ssd) => new(
        bytes: 96L << 20, sink: _log, swap: new SwapOptions { Device = device, Size = 256L << 20 },
        pageCache: new PageCacheOptions { Device = FileDevice.Ssd }, mm: new MmOptions { Overcommit = OvercommitMode.Always });

    /// <summary>Maps pages that are not mapped, and writes to each.</summary>
    private void Fill(TaskContext task, ulong at, int pages)
    {
        // Made again after a sleep this does not replace what is there.
        task.Calls.Mmap(task, at, (ulong)pages << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.FixedNoReplace);
        Touch(task, at, pages, AccessKind.Store);
    }

    private void Touch(TaskContext task, ulong at, int pages, AccessKind kind)
    {
        while (_touched < pages && task.Access(at + ((ulong)_touched << 12), 8, kind))
        {
            _touched++;
        }
    }

    /// <summary>A task does one thing after the other, each again when it had to sleep; at the end the log folds to the same state.</summary>
    private void Run(TestMachine machine, params Action<TaskContext>[] deeds)
    {
        int next = 0;
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, _) =>
        {
            while (!task.IsOver && next < deeds.Length)
            {
                deeds[next](task);
                if (!task.IsBlocked)
                {
                    (next, _touched) = (next + 1, 0);
                }
            }
            return next < deeds.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.Equal(deeds.Length, next);
        Assert.True(machine.Virtual.Tasks.AllEnded);
        machine.AssertInvariants();
        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        _log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }
}
