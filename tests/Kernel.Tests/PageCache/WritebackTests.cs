using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.PageCache;

/// <summary>Files that are written: dirty pages, the flusher, pauses, fsync, truncation.</summary>
public class WritebackTests
{
    private const ulong At = 0x1000_0000, Map = 0x4000_0000;
    private const long SecondPs = 1_000_000_000_000;

    private readonly MemoryLog _log = new();

    /// <summary>Nothing is written before it is 30 s old (vm.dirty_expire_centisecs); the flusher looks every 5 s, so that it is by 35 s.</summary>
    [Fact]
    public void AFewDirtyPages_AreWrittenWhenTheyHaveExpired()
    {
        TestMachine machine = Make(FileDevice.Ssd);
        int file = Create(machine, 0);
        Start(machine, task => task.Calls.Write(task, Open(file), At, 16_384, 100));
        machine.Run(29 * SecondPs);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.Equal((5, 5, 0), (reclaim.Files.Dirty, reclaim[VmEvent.NrDirtied], reclaim[VmEvent.NrWritten]));
        Assert.Equal(5, machine.Spaces.Cache.Size(file));
        machine.Run(36 * SecondPs);
        Assert.Equal((0, 5, 5), (reclaim.Files.Dirty, reclaim[VmEvent.Pgpgout], reclaim[VmEvent.NrWritten]));
        Finish(machine);
    }

    /// <summary>
    /// Whoever writes faster than the disk is held to what the disk writes, and what is dirty stays below the limit
    /// (vm.dirty_ratio); the flusher keeps the disk at work from vm.dirty_background_ratio on.
    /// </summary>
    [Fact]
    public void AFastWriter_IsHeldBack_AndTheLimitHolds()
    {
        TestMachine machine = Make(FileDevice.Hdd);
        int file = Create(machine, 0);
        const int Blocks = 6_000;
        Start(machine, [.. Enumerable.Range(0, Blocks).Select(i => (Func<TaskContext, long>)(task => task.Calls.Write(task, Open(file), At, 16_384, i * 16_384L)))]);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        long over = 0, dispatches = 0;
        while (!machine.Virtual.Tasks.AllEnded && machine.Machine.Scheduler.Step(long.MaxValue))
        {
            DirtyLimits limits = DirtyLimits.Of(machine.Machine.State.Memory.Pages, reclaim.Lru, machine.Options.Kernel.PageCache);
            dispatches++;
            // A task may go on for some pages before it looks.
            over += reclaim.Files.Dirty + reclaim.Writeback > limits.Throttle + 64 ? 1 : 0;
        }
        long took = machine.Machine.Scheduler.NowPs, behind = reclaim.Files.Dirty + reclaim.Writeback;
        Assert.Equal(Blocks * 4, reclaim[VmEvent.NrDirtied]);
        Assert.InRange(over, 0, dispatches / 50);
        // 210 MB/s pass under the head (HardDiskOptions); the rest is what the disk loses between requests.
        double rate = (double)((Blocks * 4) - behind) * 4096 / took * SecondPs;
        Assert.InRange(rate, 100e6, 211e6);
        Finish(machine);
        Assert.Equal(Blocks * 4, reclaim[VmEvent.NrWritten]);
    }

    /// <summary>Of a page that is written in part the rest is read first, and nothing ahead of it (<c>ext4_block_write_begin</c>).</summary>
    [Fact]
    public void APartOfAPage_IsWrittenAfterReadingThatPageAlone()
    {
        TestMachine machine = Make(FileDevice.Ssd);
        int file = Create(machine, 100);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Start(
            machine,
            task => task.Calls.Write(task, Open(file), At, 100, 50 << 12),
            task => task.Calls.Write(task, Open(file), At, 4_096, 60 << 12),
            _ =>
            {
                Assert.Equal((2, 1, 2), (machine.Spaces.Cache.Count, reclaim[VmEvent.Pgpgin], reclaim.Files.Dirty));
                return 0;
            });
        Finish(machine);
    }

    /// <summary>
    /// Writing again to pages that are dirty makes nothing dirty (<c>folio_account_dirtied</c>), so that nobody pauses for it, however much is
    /// dirty: 5,000 writes would pause for a fifth of a second at the rate a device is first believed to have (<c>INIT_BW</c>).
    /// </summary>
    [Fact]
    public void WritingAgainToADirtyPage_PausesNobody()
    {
        TestMachine machine = Make(FileDevice.Hdd);
        int file = Create(machine, 0);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        DirtyLimits limits = DirtyLimits.Of(machine.Machine.State.Memory.Pages, reclaim.Lru, machine.Options.Kernel.PageCache);
        int blocks = (int)(limits.FreeRun / 4) + 16;
        (long Ps, long Pages) began = default, ended = default;
        (long, long) Now(TaskContext task) => (task.Cpu.TimePs, reclaim.Files.Dirty + reclaim.Writeback);
        Start(
            machine,
            [
                .. Enumerable.Range(0, blocks).Select(i => (Func<TaskContext, long>)(task => task.Calls.Write(task, Open(file), At, 16_384, i * 16_384L))),
                task => (began = Now(task)).Ps,
                .. Enumerable.Range(0, 5_000).Select(i => (Func<TaskContext, long>)(task => task.Calls.Write(task, Open(file), At, 16, (blocks - 1) * 16_384L))),
                task => (ended = Now(task)).Ps,
            ]);
        Finish(machine);
        Assert.True(began.Pages > limits.FreeRun && ended.Pages > limits.FreeRun, $"{began} {ended} {limits}");
        Assert.InRange(ended.Ps - began.Ps, 1, SecondPs / 20);
    }

    /// <summary>fsync sleeps until the device has everything.</summary>
    [Fact]
    public void Fsync_WaitsForTheDevice()
    {
        TestMachine machine = Make(FileDevice.Hdd);
        int file = Create(machine, 0);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        (long Dirty, long Writeback) after = (-1, -1);
        long result = -1;
        Start(
            machine,
            task => task.Calls.Write(task, Open(file), At, 16_384, 0),
            task => result = task.Calls.Fsync(task, Open(file)),
            task => (after = (reclaim.Files.Dirty, reclaim.Writeback)).Dirty);
        machine.Run(SecondPs);
        Assert.Equal((0, (0, 0)), (result, after));
        // The head had to go to the file first, which takes milliseconds, not the microseconds of the calls.
        Assert.True(machine.Tasks[1].State == TaskState.Dead && machine.Machine.Scheduler.NowPs > 1_000_000_000);
        Finish(machine);
    }

    /// <summary>A shared page that is being written is write-protected, so that the next write makes it dirty again, with a fault.</summary>
    [Fact]
    public void WritingASharedMapping_FaultsAgainAfterWriteback()
    {
        TestMachine machine = Make(FileDevice.Ssd);
        int file = Create(machine, 4);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        var dirty = new List<(long Dirtied, long Minor)>();
        long Note(TaskContext task)
        {
            dirty.Add((reclaim[VmEvent.NrDirtied], machine.Spaces.Faults(1).Minor));
            return 0;
        }
        Start(
            machine,
            task => task.Calls.Mmap(task, Map, 16_384, ProtFlags.Read | ProtFlags.Write, MapFlags.Shared | MapFlags.Fixed, Open(file)),
            task => task.Access(Map, 8, AccessKind.Store) ? 0 : -1,
            Note,
            task => task.Access(Map, 8, AccessKind.Store) ? 0 : -1,
            Note,
            task => task.Calls.Fsync(task, Open(file)),
            Note,
            task => task.Access(Map, 8, AccessKind.Store) ? 0 : -1,
            Note);
        machine.Run(SecondPs);
        Assert.Equal([1, 1, 1, 2], dirty.Select(d => d.Dirtied));
        Assert.Equal((0, 0, 1), (dirty[1].Minor - dirty[0].Minor, dirty[2].Minor - dirty[1].Minor, dirty[3].Minor - dirty[2].Minor));
        machine.AssertTranslationsAreTrue();
        Finish(machine);
    }

    /// <summary>What lies behind the new end is gone from the cache, from mappings, and from what is dirty; private copies too.</summary>
    [Fact]
    public void Truncation_TakesPagesFromCacheAndMappings()
    {
        TestMachine machine = Make(FileDevice.Ssd);
        int file = Create(machine, 8);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        int bus = 0;
        Start(
            machine,
            task => task.Calls.Mmap(task, Map, 32_768, ProtFlags.Read | ProtFlags.Write, MapFlags.Shared | MapFlags.Fixed, Open(file)),
            task => task.Calls.Mmap(task, Map + 65_536, 32_768, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Fixed, Open(file)),
            task => task.Access(Map + 4_096, 8, AccessKind.Store) && task.Access(Map + 20_480, 8, AccessKind.Store) && task.Access(Map + 65_536 + 24_576, 8, AccessKind.Store) ? 0 : -1,
            task => task.Calls.Ftruncate(task, Open(file), 10_000),
            task =>
            {
                Assert.Equal(3, machine.Spaces.Cache.Size(file));
                Assert.All(Enumerable.Range(3, 5), p => Assert.Equal(-1, machine.Spaces.Cache.Find(file, p)));
                Assert.Equal(1, reclaim.Files.Dirty);
                Assert.Equal(-1, machine.FrameAt(1, Map + 20_480));
                Assert.Equal(-1, machine.FrameAt(1, Map + 65_536 + 24_576));
                machine.AssertTranslationsAreTrue();
                return 0;
            },
            task =>
            {
                task.Access(Map + 12_288, 8, AccessKind.Load);
                bus = task.KilledBy;
                return 0;
            });
        Finish(machine);
        Assert.Equal(Signal.Bus, bus);
    }

    /// <summary>
    /// Where nearly all of memory is dirty pages of a mapping and nothing is expired, kswapd has the flusher write, and takes the pages
    /// when they are clean; no task is killed.
    /// </summary>
    [Fact]
    public void DirtyPages_AreReclaimedOnceTheFlusherHasWrittenThem()
    {
        TestMachine machine = Make(FileDevice.Ssd, dirtyRatio: 100);
        long free = machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages);
        int pages = (int)free + 2_000, at = 0, file = Create(machine, pages);
        Start(
            machine,
            task => task.Calls.Mmap(task, Map, (ulong)pages << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Shared | MapFlags.Fixed, Open(file)),
            task =>
            {
                while (at < pages && task.Access(Map + ((ulong)at << 12), 8, AccessKind.Store))
                {
                    at++;
                }
                return 0;
            });
        Finish(machine);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.Equal((pages, 0), (at, (int)machine.Tasks[1].Signal));
        Assert.True(reclaim[VmEvent.PgstealFile] > 1_500);
        Assert.Equal(pages, reclaim[VmEvent.NrDirtied]);
    }

    private static MappedFile Open(int file) => new(file, Readable: true, Writable: true);

    private static int Create(TestMachine machine, long pages)
    {
        int file = machine.Journal.Intern("/file");
        machine.Virtual.Calls.Create(file, pages, -1);
        return file;
    }

    private TestMachine Make(FileDevice device, int dirtyRatio = 20) => new(
        cpus: 2, bytes: 96L << 20, sink: _log,
        pageCache: new PageCacheOptions { Device = device, DirtyRatio = dirtyRatio, DirtyBackgroundRatio = dirtyRatio / 2 });

    /// <summary>A task with a buffer of 16 KiB that does one thing after the other, each again when it had to sleep.</summary>
    private static void Start(TestMachine machine, params Func<TaskContext, long>[] deeds)
    {
        int next = -1;
        machine.Virtual.Tasks.Start("writer", 0, new ScriptedProgram((task, _) =>
        {
            while (!task.IsOver && next < deeds.Length)
            {
                if (next < 0)
                {
                    task.Calls.Mmap(task, At, 16_384, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
                }
                else
                {
                    deeds[next](task);
                }
                next += task.IsBlocked ? 0 : 1;
            }
            return next < deeds.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
    }

    /// <summary>Runs to the end: all is written, and the log folds to the same state.</summary>
    private void Finish(TestMachine machine)
    {
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.Equal((0, 0), (reclaim.Files.Dirty, reclaim.Writeback));
        machine.AssertInvariants();
        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        _log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }
}
