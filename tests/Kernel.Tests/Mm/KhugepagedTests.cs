using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

/// <summary>khugepaged makes huge pages of small ones, by the rules of mm/khugepaged.c of Linux 6.1.</summary>
public sealed class KhugepagedTests
{
    private const ulong At = 0x4000_0000, Huge = 2 << 20;
    private const long Second = 1_000_000_000_000;
    private const int Thread = 4_194_303;

    /// <summary>Advised memory is huge after the first sleep of ten seconds, with the same pages resident; all is given back in the end.</summary>
    [Fact]
    public void AdvisedMemoryBecomesHuge()
    {
        var log = new MemoryLog();
        var machine = new TestMachine(bytes: 128L << 20, sink: log, huge: TransparentHugePages.Madvise);
        long before = machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count));
        Start(machine, (4 * Huge) + 8192, MemoryAdvice.HugePage, [.. Enumerable.Range(0, 4 * 512).Select(p => p)], seconds: 25);
        machine.Run(9 * Second);
        AddressSpace mm = machine.Spaces[1];
        (long rss, long tables) = (mm.AnonRss, mm.PageTables);
        Assert.Equal((2048L, 0), (rss, mm.DepositedTables.Count));
        machine.Run(11 * Second);
        Assert.Equal((rss, tables, 4), (mm.AnonRss, mm.PageTables, mm.DepositedTables.Count));
        Assert.All(Enumerable.Range(0, 4), i => Assert.NotEqual(0UL, machine.Spaces.Tables.ReadLarge(mm.Root, At + ((ulong)i * Huge))));
        Assert.Equal(4, machine.Spaces.HugePages.CollapseAllocs);
        Assert.Equal(8192, MemInfo.Rows(machine.Machine.State.Memory).Single(r => r.Key == "AnonHugePages").Value);
        TaskInfo thread = machine.Tasks[Thread];
        Assert.Equal(("khugepaged", 19, 0), (machine.Journal.Symbols[thread.Comm], thread.Nice, thread.Mm));
        Assert.True(thread.RuntimeNs > 4 * 512 * 150, $"{thread.RuntimeNs} ns");
        machine.AssertInvariants();
        Assert.Null(TlbInvariants.Violation(machine.Machine.State));
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        machine.AssertInvariants();
        Assert.Equal(before, machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages + z.PerCpu.Sum(p => (long)p.Count)));
        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>What is not worth it, and what may not be, stays small; the counters say why.</summary>
    [Theory]
    [InlineData(TransparentHugePages.Madvise, MemoryAdvice.Normal, 1, 511, 0, 0)]
    [InlineData(TransparentHugePages.Madvise, MemoryAdvice.HugePage, 1, 511, 1, 0)]
    [InlineData(TransparentHugePages.Madvise, MemoryAdvice.HugePage, 1, 510, 0, 1)]
    [InlineData(TransparentHugePages.Madvise, MemoryAdvice.HugePage, 512, 0, 1, 0)]
    [InlineData(TransparentHugePages.Madvise, MemoryAdvice.HugePage, 511, 0, 0, 1)]
    [InlineData(TransparentHugePages.Madvise, MemoryAdvice.NoHugePage, 512, 511, 0, 0)]
    public void MaxPtesNoneIsTheMostThatMayBeMissing(
        TransparentHugePages mode, MemoryAdvice advice, int touched, int maxPtesNone, int collapsed, int exceeded)
    {
        var machine = new TestMachine(
            bytes: 128L << 20, huge: mode, khugepaged: new KhugepagedOptions { MaxPtesNone = maxPtesNone });
        Start(machine, Huge, advice, [.. Enumerable.Range(0, touched)], seconds: 15);
        machine.Run(11 * Second);
        Assert.Equal(collapsed, machine.Spaces[1].DepositedTables.Count);
        Assert.Equal(collapsed == 1 ? 512 : touched, machine.Spaces[1].AnonRss);
        Assert.Equal((collapsed, exceeded), ((int)machine.Spaces.HugePages.CollapseAllocs, (int)machine.Spaces.HugePages.ExceedNone));
        machine.AssertInvariants();
    }

    /// <summary>Memory that a child shares is copied into a block of the parent's own, if not too much of it is shared.</summary>
    [Theory]
    [InlineData(256, 1)]
    [InlineData(257, 0)]
    public void MaxPtesSharedIsTheMostThatOthersMayMap(int shared, int collapsed)
    {
        var machine = new TestMachine(bytes: 128L << 20, huge: TransparentHugePages.Madvise);
        machine.Virtual.Tasks.Start("parent", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 1)
            {
                Map(task, Huge, MemoryAdvice.HugePage);
                Touch(task, Enumerable.Range(0, shared));
                machine.Virtual.Tasks.Fork(task, new ScriptedProgram((child, _) =>
                {
                    child.SleepPs = 15 * Second;
                    return ProgramStatus.Sleeping;
                }));
                Touch(task, Enumerable.Range(shared, 512 - shared));
            }
            task.SleepPs = step == 0 ? Second : 15 * Second;
            return ProgramStatus.Sleeping;
        }), -1);
        machine.Run(11 * Second);
        Assert.Equal(collapsed, machine.Spaces[1].DepositedTables.Count);
        // The child has too many that its parent maps, too; alone with them it may write to none.
        Assert.Equal(2 * (1 - collapsed), machine.Spaces.HugePages.ExceedShared);
        Assert.Equal((512L, (long)shared), (machine.Spaces[1].AnonRss, machine.Spaces[2].AnonRss));
        machine.AssertInvariants();
    }

    /// <summary>A few pages are read from the swap area for it, not many; slots and frames are given back.</summary>
    [Theory]
    [InlineData(64, 1)]
    [InlineData(65, 0)]
    public void MaxPtesSwapIsTheMostThatIsReadIn(int swapped, int collapsed)
    {
        var machine = new TestMachine(
            bytes: 128L << 20, huge: TransparentHugePages.Madvise, swap: new SwapOptions { Device = SwapDevice.Zram, Size = 64L << 20 });
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 1)
            {
                Map(task, Huge, MemoryAdvice.HugePage);
                Touch(task, Enumerable.Range(0, 512));
                Assert.Equal(0, task.Calls.Madvise(task, At, (ulong)swapped << 12, MemoryAdvice.PageOut));
            }
            task.SleepPs = step == 0 ? Second : 15 * Second;
            return step < 2 ? ProgramStatus.Sleeping : ProgramStatus.Exited;
        }), -1);
        machine.Run(2 * Second);
        Assert.Equal((long)swapped, machine.Spaces[1].SwapEntries);
        machine.Run(11 * Second);
        AddressSpace mm = machine.Spaces[1];
        Assert.Equal((collapsed, collapsed == 1 ? 0L : swapped), (mm.DepositedTables.Count, mm.SwapEntries));
        Assert.Equal(1 - collapsed, machine.Spaces.HugePages.ExceedSwap);
        machine.AssertInvariants();
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        machine.AssertInvariants();
    }

    /// <summary>Memory that cannot be written stays small.</summary>
    [Fact]
    public void ReadOnlyMemoryStaysSmall()
    {
        var machine = new TestMachine(bytes: 128L << 20, huge: TransparentHugePages.Madvise);
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 1)
            {
                Map(task, Huge, MemoryAdvice.HugePage);
                Touch(task, Enumerable.Range(0, 512));
                Assert.Equal(0, task.Calls.Mprotect(task, At, Huge, ProtFlags.Read));
            }
            task.SleepPs = step == 0 ? Second : 15 * Second;
            return ProgramStatus.Sleeping;
        }), -1);
        machine.Run(11 * Second);
        Assert.Equal((0, 0L), (machine.Spaces[1].DepositedTables.Count, machine.Spaces.HugePages.CollapseAllocs));
    }

    private static void Start(TestMachine machine, ulong length, MemoryAdvice advice, int[] pages, int seconds) =>
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            // After khugepaged has looked for the first time, and found nothing.
            if (step == 1)
            {
                Map(task, length, advice);
                Touch(task, pages);
            }
            task.SleepPs = step == 0 ? Second : seconds * Second;
            return step < 2 ? ProgramStatus.Sleeping : ProgramStatus.Exited;
        }), -1);

    private static void Map(TaskContext task, ulong length, MemoryAdvice advice)
    {
        Assert.Equal((long)At, task.Calls.Mmap(
            task, At, length, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed));
        Assert.Equal(0, task.Calls.Madvise(task, At, length, advice));
    }

    private static void Touch(TaskContext task, IEnumerable<int> pages)
    {
        foreach (int page in pages)
        {
            Assert.True(task.Access(At + ((ulong)page << 12), 8, AccessKind.Store));
        }
    }
}
