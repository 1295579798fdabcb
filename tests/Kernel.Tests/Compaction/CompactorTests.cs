using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Compaction;

public class CompactorTests
{
    private const int Holder = 4242;

    /// <summary>Holds single movable pages by number and follows them.</summary>
    private sealed class Pages : IMovablePageOwner
    {
        private readonly Dictionary<long, int> _at = [];

        public List<long> Held { get; } = [];

        public int Moves { get; private set; }

        public void Add(long pfn)
        {
            _at.Add(pfn, Held.Count);
            Held.Add(pfn);
        }

        public long TakeAt(int index)
        {
            long pfn = Held[index];
            _at.Remove(pfn);
            Held[index] = Held[^1];
            _at[Held[^1]] = index;
            Held.RemoveAt(Held.Count - 1);
            _at.Remove(pfn);
            return pfn;
        }

        public void Migrated(long fromPfn, long toPfn)
        {
            Moves++;
            Assert.True(_at.Remove(fromPfn, out int index));
            _at.Add(toPfn, index);
            Held[index] = toPfn;
        }
    }

    [Fact]
    public void ACheckerboardOfMovablePages_BecomesHugeBlocks()
    {
        var log = new MemoryLog();
        var machine = new TestMachine(bytes: 128L << 20, sink: log);
        Pages pages = Checkerboard(machine);
        Zone zone = machine.Machine.State.Memory.Pages.Zone(ZoneType.Dma32);
        Assert.Equal(0, zone.FreeBlocks(9) + zone.FreeBlocks(10));
        int before = pages.Held.Count;

        var blocks = new List<long>();
        for (int failures = 0; failures < 200;)
        {
            long pfn = Request(machine, 9);
            failures = pfn >= 0 ? 0 : failures + 1;
            if (pfn >= 0)
            {
                blocks.Add(pfn);
            }
            // kswapd and kcompactd have their turn.
            machine.Run(Math.Max(machine.Machine.Scheduler.NowPs, machine.Machine.Cpus[0].TimePs) + 1_000_000_000);
        }

        // Half of the movable memory was free, in single pages; the watermark keeps some of it.
        Assert.True(blocks.Count >= before / 512 / 2, $"{blocks.Count} blocks of {before} pages");
        Assert.Equal(before, pages.Held.Count);
        Assert.Equal(pages.Moves, machine.Spaces.MigratedPages);
        Assert.All(pages.Held, p => Assert.Equal(Holder, machine.Machine.State.Memory.Pages.Frames[p].Owner));
        PageAllocatorState state = machine.Machine.State.Memory.Pages;
        Assert.True(state.CompactSuccesses > 0);
        Assert.True(state.CompactFailures > 0);
        machine.AssertInvariants();

        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    [Fact]
    public void PagesThatNobodyFollows_StayWhereTheyAre()
    {
        var machine = new TestMachine(bytes: 128L << 20);
        Pages pages = Checkerboard(machine, register: false);
        long[] before = [.. pages.Held];
        Assert.Equal(-1, Request(machine, 9));
        Assert.All(before, p => Assert.Equal(Holder, machine.Machine.State.Memory.Pages.Frames[p].Owner));
        Assert.Equal(0, machine.Spaces.MigratedPages);
    }

    [Fact]
    public void PagesOfProcesses_MoveWithTheirEntries_AndNoCpuTranslatesToTheOldFrames()
    {
        var machine = new TestMachine(bytes: 128L << 20, cpus: 2, pcid: true);
        const ulong Base = 0x1000_0000;
        const int Count = 6000;
        int done = 0;
        var frames = new Dictionary<ulong, long>();
        ProgramStatus Run(TaskContext task, int step)
        {
            if (step == 0)
            {
                long at = task.Calls.Mmap(task, Base, Count * 4096L, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed, default, 0);
                Assert.Equal((long)Base, at);
            }
            if (step < Count)
            {
                task.Access(Base + ((ulong)step * 4096), 8, AccessKind.Store);
                return ProgramStatus.Running;
            }
            done++;
            task.SleepPs = 1_000_000_000_000;
            return step > Count ? ProgramStatus.Exited : ProgramStatus.Sleeping;
        }
        int pid = machine.Virtual.Tasks.Start("mover", 0, new ScriptedProgram(Run), -1);
        machine.Run(500_000_000_000);
        Assert.Equal(1, done);
        Fill(machine);
        // Every other page goes: what is left lies scattered.
        CpuClock cpu = machine.Machine.Cpus[0];
        for (ulong page = 1; page < Count; page += 2)
        {
            machine.Virtual.Mapping.Munmap(pid, Base + (page * 4096), 4096, cpu, -1);
        }
        for (ulong page = 0; page < Count; page += 2)
        {
            frames[page] = machine.FrameAt(pid, Base + (page * 4096));
        }
        long got = -1;
        for (int i = 0; i < 5 && got < 0; i++)
        {
            got = Request(machine, 9);
            machine.Run(Math.Max(machine.Machine.Scheduler.NowPs, cpu.TimePs) + 1_000_000_000);
        }
        Assert.True(got >= 0, "memory was to be had by moving pages");
        int moved = frames.Count(f => machine.FrameAt(pid, Base + (f.Key * 4096)) != f.Value);
        Assert.True(moved > 200, $"{moved} moved");
        Assert.Equal(machine.Spaces.MigratedPages, moved);
        machine.AssertInvariants();
        machine.AssertTranslationsAreTrue();
        machine.Run();
        Assert.True(done > 1);
        machine.AssertInvariants();
    }

    [Fact]
    public void TheFragmentationIndex_CountsAboveOrder3Only()
    {
        var machine = new TestMachine(bytes: 128L << 20);
        Fill(machine);
        Compactor compactor = CompactorOf(machine);
        Zone zone = machine.Machine.State.Memory.Pages.Zone(ZoneType.Dma32);
        CpuClock cpu = machine.Machine.Cpus[0];
        // Little is free, in blocks of order 2: a request of order 4 fails for lack of memory.
        long free = zone.Watermark(Watermark.Low) + 64;
        var frames = machine.Machine.State.Memory.Pages.Frames;
        for (long pfn = zone.StartPfn; pfn < zone.EndPfn && zone.FreePages < free; pfn++)
        {
            if ((pfn & 7) < 4 && frames[pfn].State == FrameState.Allocated && frames[pfn].Order == 0 && frames[pfn].Owner == Holder)
            {
                machine.Machine.Pages.FreePages(pfn, 0, cpu, -1);
                machine.Machine.Pages.DrainAll(cpu, -1);
            }
        }
        Assert.InRange(ExtFrag.Index(zone, 9), 0, 999);
        foreach (int order in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 9])
        {
            int index = ExtFrag.Index(zone, order);
            CompactResult expected = zone.FreePagesCounter - zone.ReservedHighAtomic
                    <= zone.Watermark(order > 3 ? Watermark.Low : Watermark.Min) + (2L << order) + zone.LowmemReserve(ZoneType.Normal) ? CompactResult.Skipped
                : order > 3 && index is >= 0 and <= 500 ? CompactResult.NotSuitableZone
                : CompactResult.Continue;
            Assert.Equal(expected, compactor.Suitability(zone, order, ZoneType.Normal));
        }
        Assert.Equal(CompactResult.Continue, compactor.Suitability(zone, 3, ZoneType.Normal));
    }

    [Fact]
    public void AZoneThatFails_IsLeftAlone_TwiceAsOftenEachTime_UpTo63Times()
    {
        var machine = new TestMachine(bytes: 128L << 20);
        Compactor compactor = CompactorOf(machine);
        Zone zone = machine.Machine.State.Memory.Pages.Zone(ZoneType.Dma32);
        foreach (int skipped in (int[])[1, 3, 7, 15, 31, 63, 63])
        {
            compactor.Defer(zone, 9, -1);
            for (int i = 0; i < skipped; i++)
            {
                Assert.True(compactor.IsDeferred(zone, 9, -1));
            }
            Assert.False(compactor.IsDeferred(zone, 9, -1));
        }
        Assert.True(compactor.State[ZoneType.Dma32].OrderFailed <= 9);
        compactor.Reset(zone, 9, succeeded: true, -1);
        Assert.False(compactor.IsDeferred(zone, 9, -1));
        Assert.Equal(10, compactor.State[ZoneType.Dma32].OrderFailed);
    }

    [Fact]
    public void Kcompactd_MakesBlocksForRequestsThatDoNotWait()
    {
        var machine = new TestMachine(bytes: 128L << 20);
        Pages pages = Checkerboard(machine);
        CpuClock cpu = machine.Machine.Cpus[0];
        const GfpFlags Gfp = GfpFlags.HighUserMovable & ~GfpFlags.DirectReclaim;
        Assert.Equal(-1, machine.Machine.Pages.AllocPages(9, Gfp, 1, cpu, -1));
        Assert.Equal(0, pages.Moves);
        machine.Run(machine.Machine.Scheduler.NowPs + 400_000_000_000);
        CompactionState state = machine.Machine.State.Memory.Compaction;
        Assert.Equal(1, state.DaemonWakes);
        Assert.True(state.DaemonMigrateScanned > 0);
        Assert.True(pages.Moves > 0);
        Assert.True(machine.Machine.Pages.AllocPages(9, Gfp, 1, cpu, -1) >= 0);
        machine.AssertInvariants();
    }

    [Fact]
    public void Kcompactd_CompactsOfItsOwnAccord_WhenTheScoreIsAbove90()
    {
        var machine = new TestMachine(bytes: 128L << 20);
        Pages pages = Checkerboard(machine);
        IReadOnlyList<Zone> zones = machine.Machine.State.Memory.Pages.Zones;
        int before = FragmentationScore.OfNode(zones, 9);
        Assert.True(before > FragmentationScore.HighMark(20));
        machine.Run(machine.Machine.Scheduler.NowPs + 600_000_000_000);
        Assert.True(FragmentationScore.OfNode(zones, 9) < before);
        Assert.True(pages.Moves > 0);
        Assert.Equal(0, machine.Machine.State.Memory.Compaction.DaemonWakes);
        machine.AssertInvariants();
    }

    [Fact]
    public void WithoutCompaction_NothingMoves()
    {
        var machine = new TestMachine(bytes: 128L << 20, compaction: new CompactionOptions { Enabled = false });
        Checkerboard(machine);
        Assert.Equal(-1, Request(machine, 9));
        machine.Run();
        Assert.Equal(0, machine.Spaces.MigratedPages);
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, 1, 1UL)]
    [InlineData(KernelProfile.X86_64, 2, 2UL)]
    [InlineData(KernelProfile.I386Classic, 1, 3UL)]
    public void RandomOperations_KeepEveryInvariant_AndFoldToTheSameState(KernelProfile profile, int cpus, ulong seed)
    {
        int operations = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 1_000_000 : 50_000;
        var log = new MemoryLog();
        var machine = new TestMachine(profile, cpus, bytes: 128L << 20, sink: log, compaction: new CompactionOptions { Enabled = true });
        var pages = new Pages();
        machine.Machine.Movable.Register(Holder, pages);
        var random = new RandomStream(seed, "compaction");
        var order = new List<(long Pfn, int Order)>();
        foreach (long pfn in Fill(machine))
        {
            pages.Add(pfn);
        }
        for (int i = 0; i < operations; i++)
        {
            ulong draw = random.NextUInt64();
            CpuClock cpu = machine.Machine.Cpus[(int)((draw >> 40) % (ulong)cpus)];
            cpu.BeginDispatch(machine.Machine.Scheduler.NowPs);
            switch (draw % 16)
            {
                case < 7:
                    long page = machine.Machine.Pages.AllocPages(0, GfpFlags.HighUserMovable | GfpFlags.NoWarn, Holder, cpu, -1);
                    if (page >= 0)
                    {
                        pages.Add(page);
                    }
                    break;
                case < 13 when pages.Held.Count > 0:
                    machine.Machine.Pages.FreePages(pages.TakeAt((int)((draw >> 8) % (ulong)pages.Held.Count)), 0, cpu, -1);
                    break;
                case < 15:
                    int size = (int)((draw >> 16) % 11);
                    GfpFlags gfp = (draw & (1UL << 50)) != 0 ? GfpFlags.Kernel : (draw & (1UL << 51)) != 0 ? GfpFlags.TransHuge : GfpFlags.Atomic;
                    long block = machine.Machine.Pages.AllocPages(size, gfp | GfpFlags.NoWarn, 7, cpu, -1);
                    if (block >= 0)
                    {
                        order.Add((block, size));
                    }
                    break;
                default:
                    for (int n = 0; n < 3 && order.Count > 0; n++)
                    {
                        int at = (int)((draw >> 20) % (ulong)order.Count);
                        machine.Machine.Pages.FreePages(order[at].Pfn, order[at].Order, cpu, -1);
                        order[at] = order[^1];
                        order.RemoveAt(order.Count - 1);
                    }
                    break;
            }
            if (i % 1000 == 0)
            {
                machine.Run(cpu.TimePs + 1);
            }
            if (i % (operations / 10) == 0)
            {
                machine.AssertInvariants();
                Assert.All(pages.Held, p => Assert.Equal(Holder, machine.Machine.State.Memory.Pages.Frames[p].Owner));
            }
        }
        Assert.True(pages.Moves > 500, $"{pages.Moves} moves");
        machine.AssertInvariants();
        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    private static Compactor CompactorOf(TestMachine machine) => (Compactor)machine.Machine.Pages.Compaction!;

    private static long Request(TestMachine machine, int order) =>
        machine.Machine.Pages.AllocPages(order, GfpFlags.HighUserMovable | GfpFlags.Compound, 1, machine.Machine.Cpus[0], -1);

    /// <summary>Takes all memory as single movable pages that stay where they are.</summary>
    private static List<long> Fill(TestMachine machine)
    {
        var taken = new List<long>();
        long pfn;
        while ((pfn = machine.Machine.Pages.AllocPages(
            0, (GfpFlags.HighUserMovable & ~GfpFlags.Reclaim) | GfpFlags.NoWarn, Holder, machine.Machine.Cpus[0], -1)) >= 0)
        {
            taken.Add(pfn);
        }
        return taken;
    }

    /// <summary>
    /// Takes all memory as single movable pages, then gives every other one back; so that every eighth frame, which
    /// compaction samples, is a held one or a free one in turn.
    /// </summary>
    private static Pages Checkerboard(TestMachine machine, bool register = true)
    {
        var pages = new Pages();
        if (register)
        {
            machine.Machine.Movable.Register(Holder, pages);
        }
        foreach (long pfn in Fill(machine))
        {
            if (((pfn ^ (pfn >> 3)) & 1) == 0)
            {
                pages.Add(pfn);
            }
            else
            {
                machine.Machine.Pages.FreePages(pfn, 0, machine.Machine.Cpus[0], -1);
            }
        }
        machine.Machine.Pages.DrainAll(machine.Machine.Cpus[0], -1);
        return pages;
    }
}
