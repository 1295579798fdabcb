using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.PageCache;

/// <summary>Files that are read from a device.</summary>
public class ReadaheadTests
{
    private const ulong At = 0x1000_0000;

    /// <summary>Windows as mm/readahead.c makes them: 16 KiB at a time from the beginning, with 32 pages at most.</summary>
    [Fact]
    public void SequentialReads_GrowTheWindow_AndSleepOncePerWindow()
    {
        var log = new MemoryLog();
        TestMachine machine = Make(FileDevice.Hdd, log);
        int file = Create(machine, "/data", 1_000);
        long[] results = new long[250];
        machine.Virtual.Tasks.Start("reader", 0, Caller(task => Buffer(task), [.. Enumerable.Range(0, 250).Select(i =>
            (Func<TaskContext, long>)(task => results[i] = task.Calls.Read(task, new MappedFile(file), At, 16_384, i * 16_384L)))]), -1);
        List<(long, int, int)> windows = Windows(machine, file, log, out int sleeps);
        Assert.All(results, r => Assert.Equal(16_384, r));
        Assert.Equal([(0, 8, 4), (8, 16, 16), (24, 32, 32), (56, 32, 32), (88, 32, 32)], windows.Take(5));
        // The first page of each window waits, if anything does: the next is under way by then.
        Assert.InRange(sleeps, 1, windows.Count);
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        Assert.Equal(1_000, reclaim[VmEvent.Pgpgin]);
        Assert.Equal(1_000, machine.Spaces.Cache.Count);
        // The buffer's page is on the lists, too, or was, with its task.
        Assert.Equal(1_000, Enum.GetValues<LruList>().Sum(l => reclaim.Lru.Size(l)) + reclaim.Lru.Batch(0).Length);
        Assert.Equal(0, machine.Spaces.TotalFaults.Major);
    }

    /// <summary>Small reads here and there are read as they are, and what they are part of is not.</summary>
    [Fact]
    public void RandomReads_ReadNothingAhead()
    {
        var log = new MemoryLog();
        TestMachine machine = Make(FileDevice.Ssd, log);
        int file = Create(machine, "/data", 1_000);
        machine.Virtual.Tasks.Start("reader", 0, Caller(task => Buffer(task), [.. new[] { 700, 3, 500, 250, 900, 100 }.Select(p =>
            (Func<TaskContext, long>)(task => task.Calls.Read(task, new MappedFile(file), At, 8_192, (long)p << 12)))]), -1);
        Assert.Empty(Windows(machine, file, log, out int sleeps));
        Assert.Equal(6, sleeps);
        Assert.Equal(12, machine.Spaces.Cache.Count);
    }

    /// <summary>
    /// Who reads 1 MiB at a time gets it as one window, since a device takes 1,280 KiB (<c>ondemand_readahead</c> with <c>io_pages</c>); the
    /// first is cut in two by the mark it would come to at once, and from then on each read finds the next one under way.
    /// </summary>
    [Fact]
    public void LargeReads_AreReadAsTheyAre()
    {
        var log = new MemoryLog();
        TestMachine machine = Make(FileDevice.Ssd, log);
        int file = Create(machine, "/data", 2_000);
        long[] results = new long[5];
        machine.Virtual.Tasks.Start("reader", 0, Caller(task => Buffer(task, 1 << 20), [.. Enumerable.Range(0, 5).Select(i =>
            (Func<TaskContext, long>)(task => results[i] = task.Calls.Read(task, new MappedFile(file), At, 1 << 20, (long)i << 20)))]), -1);
        Assert.Equal([(0, 256, 128), (256, 256, 256), (512, 256, 256), (768, 256, 256), (1_024, 256, 256), (1_280, 256, 256)], Windows(machine, file, log, out _));
        Assert.All(results, r => Assert.Equal(1 << 20, r));
        Assert.Equal(1_536, machine.Spaces.Cache.Count);
    }

    /// <summary>A window that reaches behind the file's end is cut before its mark is set, here to less than the mark is from the end: there is none.</summary>
    [Fact]
    public void TheLastWindow_HasNoMarkBehindItsStart()
    {
        var log = new MemoryLog();
        TestMachine machine = Make(FileDevice.Ssd, log);
        int file = Create(machine, "/data", 20);
        machine.Virtual.Tasks.Start("reader", 0, Caller(task => Buffer(task), [.. Enumerable.Range(0, 5).Select(i =>
            (Func<TaskContext, long>)(task => task.Calls.Read(task, new MappedFile(file), At, 16_384, i * 16_384L)))]), -1);
        Assert.Equal([(0, 8, 4), (8, 16, 16)], Windows(machine, file, log, out _));
        Assert.Equal(20, machine.Spaces.Cache.Count);
    }

    /// <summary>What a program says it will need is read up to what the device takes at once (<c>force_page_cache_ra</c>), whatever the window.</summary>
    [Fact]
    public void WhatWillBeNeeded_IsReadUpToWhatTheDeviceTakes()
    {
        var log = new MemoryLog();
        TestMachine machine = Make(FileDevice.Ssd, log);
        int file = Create(machine, "/data", 1_000);
        machine.Virtual.Tasks.Start("reader", 0, Caller(
            task => task.Calls.Mmap(task, At, 1_000 << 12, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, new MappedFile(file)),
            [task => task.Calls.Madvise(task, At, 1_000 << 12, MemoryAdvice.WillNeed)]), -1);
        Assert.Empty(Windows(machine, file, log, out _));
        Assert.Equal(320, machine.Spaces.Cache.Count);
    }

    /// <summary>A read ends at the file's end; behind it there is nothing to read.</summary>
    [Fact]
    public void ReadsEndWithTheFile_AndErrorsAreErrnos()
    {
        TestMachine machine = Make(FileDevice.Ssd, new MemoryLog());
        int file = Create(machine, "/data", 2);
        var results = new long[5];
        machine.Virtual.Tasks.Start("reader", 0, Caller(task => Buffer(task),
        [
            task => results[0] = task.Calls.Read(task, new MappedFile(file), At, 16_384, 4_096),
            task => results[1] = task.Calls.Read(task, new MappedFile(file), At, 16_384, 8_192),
            task => results[2] = task.Calls.Read(task, new MappedFile(file, Readable: false), At, 16_384, 0),
            task => results[3] = task.Calls.Read(task, new MappedFile(file), At, 16_384, -1),
            task => results[4] = task.Calls.Read(task, new MappedFile(file), 0x2000, 16_384, 0),
        ]), -1);
        machine.Run();
        Assert.Equal([4_096, 0, -(long)Errno.EBADF, -(long)Errno.EINVAL, -(long)Errno.EFAULT], results);
        machine.AssertInvariants();
    }

    /// <summary>A mapped page that is missing is read with its surroundings: 16 pages before it and 16 from it on; one major fault.</summary>
    [Fact]
    public void AMissingMappedPage_IsReadWithItsSurroundings_AndTheTaskSleeps()
    {
        TestMachine machine = Make(FileDevice.Hdd, new MemoryLog(), faultAround: 16);
        int file = Create(machine, "/data", 1_000), step = 0;
        bool slept = false;
        machine.Virtual.Tasks.Start("reader", 0, new ScriptedProgram((task, _) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 1_000 << 12, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, new MappedFile(file));
            }
            step++;
            task.Access(At + (500 << 12), 8, AccessKind.Load);
            slept |= task.IsBlocked;
            return task.IsBlocked ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        machine.Run(1_000_000_000);
        Assert.Equal(TaskState.DiskSleep, machine.Tasks[1].State);
        Assert.Equal((0, 0), (machine.Spaces.Faults(1).Minor, machine.Spaces.Faults(1).Major));
        machine.Run();
        Assert.True(slept);
        Assert.Equal((0, 1), (machine.Spaces.Faults(1).Minor, machine.Spaces.Faults(1).Major));
        Assert.All(Enumerable.Range(484, 32), p => Assert.True(machine.Spaces.Cache.Find(file, p) >= 0));
        Assert.Equal(32, machine.Spaces.Cache.Count);
        machine.AssertInvariants();
    }

    /// <summary>After a hundred misses more than hits nothing is read around any more; MADV_RANDOM has that from the start.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RandomFaults_StopReadingAround(bool told)
    {
        var log = new MemoryLog();
        TestMachine machine = Make(FileDevice.Ssd, log);
        const int Stride = 64, Faults = 130;
        int file = Create(machine, "/data", Stride * Faults), at = 0;
        machine.Virtual.Tasks.Start("reader", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, (ulong)(Stride * Faults) << 12, ProtFlags.Read, MapFlags.Shared | MapFlags.Fixed, new MappedFile(file));
                _ = told ? task.Calls.Madvise(task, At, (ulong)(Stride * Faults) << 12, MemoryAdvice.Random) : 0;
            }
            while (at < Faults && task.Access(At + ((ulong)(at * Stride + 32) << 12), 8, AccessKind.Load))
            {
                at++;
            }
            return at < Faults ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        List<(long, int, int)> windows = Windows(machine, file, log, out _);
        Assert.Equal(told ? 0 : FileTable.LotsOfMisses, windows.Count(w => w.Item2 == 32));
        Assert.Equal(told ? Faults : (100 * 32) + 30, machine.Spaces.Cache.Count);
        Assert.Equal(Faults, machine.Spaces.Faults(1).Major);
    }

    private static List<(long Start, int Pages, int AsyncPages)> Windows(TestMachine machine, int file, MemoryLog log, out int sleeps)
    {
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        machine.AssertInvariants();
        machine.Journal.Complete();
        var windows = new List<(long, int, int)>();
        var folded = new MachineState(machine.Options);
        int slept = 0;
        bool sleeping = false;
        ReadaheadWindow before = default;
        log.Fold(machine.Catalogue, folded.Appliers, after: _ =>
        {
            ReadaheadWindow window = folded.Memory.Reclaim!.Files.Find(file)?.Window ?? default;
            if (window != before)
            {
                windows.Add((window.Start, window.Pages, window.AsyncPages));
                before = window;
            }
            bool sleeps = folded.Virtual.Tasks.MaxPid > 0 && folded.Virtual.Tasks[1].State == TaskState.DiskSleep;
            slept += sleeps && !sleeping ? 1 : 0;
            sleeping = sleeps;
        });
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
        sleeps = slept;
        return windows;
    }

    private static TestMachine Make(FileDevice device, MemoryLog log, int faultAround = 1) => new(
        bytes: 96L << 20, sink: log, pageCache: new PageCacheOptions { Device = device }, mm: new MmOptions { FaultAroundPages = faultAround });

    private static int Create(TestMachine machine, string name, long pages)
    {
        int file = machine.Journal.Intern(name);
        machine.Virtual.Calls.Create(file, pages, -1);
        return file;
    }

    private static void Buffer(TaskContext task, ulong bytes = 16_384)
    {
        task.Calls.Mmap(task, At, bytes, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
        task.Access(At, 8, AccessKind.Store);
    }

    /// <summary>Makes calls one after the other, each again when it had to sleep.</summary>
    private static ScriptedProgram Caller(Action<TaskContext> begin, Func<TaskContext, long>[] calls)
    {
        int next = 0;
        return new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                begin(task);
            }
            while (!task.IsOver && next < calls.Length)
            {
                calls[next](task);
                next += task.IsBlocked ? 0 : 1;
            }
            return next < calls.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        });
    }
}
