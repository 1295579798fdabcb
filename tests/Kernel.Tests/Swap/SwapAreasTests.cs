using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Random;
using Sim.Hardware.Paging;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Swap;

/// <summary>Several swap areas: which one gives slots, and what their slots are called.</summary>
public sealed class SwapAreasTests
{
    private static SwapAreaOptions Area(int slots, int priority, SwapDevice device = SwapDevice.Ssd) =>
        new() { Device = device, Size = (long)slots << 12, Priority = priority };

    private static SwapAreas Make(params SwapAreaOptions[] areas) => new(new SwapOptions { Areas = areas }, 1, 512);

    private static List<int> TypesTaken(SwapAreas areas, int times, int slots)
    {
        int[] taken = new int[slots];
        List<int> types = [];
        for (int i = 0; i < times; i++)
        {
            int count = areas.Take(0, taken);
            types.Add(SwapAreas.TypeOf(taken[0]));
            Assert.All(taken[..count], slot => Assert.Equal((types[^1], true, true), (SwapAreas.TypeOf(slot), areas.Has(slot), areas.IsCached(slot))));
        }
        return types;
    }

    [Fact]
    public void WhatHasNoPriorityGetsTheNextBelowMinusOne_AndComesLast()
    {
        SwapAreas areas = Make(Area(3, -1), Area(4, 7), Area(3, -1));
        Assert.Equal([-2, 7, -3], Enumerable.Range(0, 3).Select(areas.Priority));
        Assert.Equal([1, 1, 1, 0, 0, 2, 2], TypesTaken(areas, 7, 1));
        Assert.Equal(0, areas.Free);
        Assert.Equal(0, areas.Take(0, new int[64]));
    }

    [Fact]
    public void EqualsGiveInTurn_AndAreBehindTheirEqualsWhenTheyHaveSlotsAgain()
    {
        SwapAreas areas = Make(Area(3, 5), Area(5, 5), Area(3, 5), Area(9, 1));
        Assert.Equal([0, 1, 2, 0, 1, 2, 1, 1, 3], TypesTaken(areas, 9, 1));
        foreach (int type in (int[])[2, 1, 0])
        {
            foreach (int offset in Enumerable.Range(1, 2))
            {
                areas.Release(SwapAreas.SlotOf(type, offset));
            }
        }
        Assert.Equal([2, 1, 0, 2, 1, 0, 3], TypesTaken(areas, 7, 1));
    }

    [Fact]
    public void AClusterIsTakenOfTheAreaWhoseTurnItIs_OrOfNone()
    {
        SwapAreas areas = Make(Area(2048, 5), Area(2048, 5, SwapDevice.Hdd));
        Assert.Equal(SwapAreas.SlotOf(0, 512), areas.FreeCluster);
        areas.TakeCluster(areas.FreeCluster);
        Assert.Equal(0, areas.FreeCluster);
        areas.TakeCluster(0);
        Assert.Equal(SwapAreas.SlotOf(0, 1024), areas.FreeCluster);
        Assert.Equal(512, areas.InUse);
    }

    /// <summary>Bits 59 to 63 hold the area's number with 64-bit entries, bits 1 to 5 with 32-bit ones.</summary>
    [Fact]
    public void EntriesNameAreaAndSlot() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            ArbMap.Default.ArbFor<byte>(), ArbMap.Default.ArbFor<int>(), (type, place) =>
            {
                int area = type % 23, offset = 1 + (place & 0x3f_ffff), slot = SwapAreas.SlotOf(area, offset);
                ulong wide = SwapFormat.Entry(PagingMode.X86_64FourLevel, slot, exclusive: place % 2 == 0);
                ulong narrow = SwapFormat.Entry(PagingMode.I386TwoLevel, slot, exclusive: false);
                Assert.Equal((slot, place % 2 == 0), (SwapFormat.SlotOf(PagingMode.X86_64FourLevel, wide), SwapFormat.IsExclusive(PagingMode.X86_64FourLevel, wide)));
                Assert.Equal(slot, SwapFormat.SlotOf(PagingMode.I386TwoLevel, narrow));
                Assert.True(SwapFormat.IsSlot(wide) && SwapFormat.IsSlot(narrow));
                Assert.Equal(((ulong)area, (ulong)area), (wide >> 59, (narrow >> 1) & 31));
            }));

    [Fact]
    public void AnyCourseOfTakesAndReleasesIsCounted() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new RandomStream((ulong)(uint)seed, "slots");
            SwapAreas areas = Make(Area(1500, 1), Area(700, 1, SwapDevice.Hdd), Area(1100, 9), Area(300, -1, SwapDevice.Zram));
            List<int> held = [];
            for (int step = 0; step < 300; step++)
            {
                if (random.NextBelow(3) > 0)
                {
                    int[] slots = new int[1 + random.NextBelow(64)];
                    int taken = areas.Take(0, slots);
                    Assert.Equal(areas.Pages > held.Count, taken > 0);
                    Assert.Empty(held.Intersect(slots[..taken]));
                    // Nothing of a lower priority while a higher one has slots.
                    int priority = taken > 0 ? areas.Priority(SwapAreas.TypeOf(slots[0])) : int.MaxValue;
                    held.AddRange(slots[..taken]);
                    Assert.All(Enumerable.Range(0, areas.Count).Where(type => areas.Priority(type) > priority), type => Assert.Equal(0, areas[type].Free));
                }
                else
                {
                    for (int i = 0; i < 40 && held.Count > 0; i++)
                    {
                        int at = (int)random.NextBelow((ulong)held.Count);
                        areas.Release(held[at]);
                        held.RemoveAt(at);
                    }
                }
                Assert.Equal(held.Count, areas.InUse);
                Assert.Equal(held.Count, Enumerable.Range(0, areas.Count).Sum(type => areas[type].InUse));
            }
        }));

    [Theory]
    [InlineData(TransparentHugePages.Never)]
    [InlineData(TransparentHugePages.Always)]
    public void TasksLargerThanMemoryFillAreasByPriority_AndEverythingIsGivenBack(TransparentHugePages huge)
    {
        var log = new MemoryLog();
        var swap = new SwapOptions
        {
            Areas = [Area(4096, -1), Area(2048, 3, SwapDevice.Zram), Area(2048, 5), Area(2048, 5), Area(65536, -1, SwapDevice.Hdd)],
        };
        var machine = new TestMachine(cpus: 2, bytes: 96L << 20, sink: log, swap: swap, huge: huge);
        long before = Pressure.Available(machine);
        int pages = (int)(before / 2) + 4_000;
        for (int task = 0; task < 2; task++)
        {
            machine.Virtual.Tasks.Start($"task{task}", task, Pressure.Visitor(pages, visits: 500, seed: (ulong)task), -1);
        }
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        IReadOnlyList<SwapRow> rows = Swaps.Rows(reclaim);
        bool both = false, below = false;
        for (int ms = 10; ms <= 400; ms += 10)
        {
            machine.Run(ms * 1_000_000_000L);
            if (ms % 100 == 0)
            {
                machine.AssertInvariants();
            }
            rows = Swaps.Rows(reclaim);
            both |= rows[2].Used > 0 && rows[3].Used > 0;
            below |= rows[1].Used > 0;
        }
        Assert.Equal(["/dev/nvme0n1p2", "/dev/zram0", "/dev/nvme1n1p2", "/dev/nvme2n1p2", "/dev/sda2"], rows.Select(r => r.Filename));
        Assert.Equal([-2, 3, 5, 5, -3], rows.Select(r => r.Priority));
        Assert.True(both && below);
        machine.Run();
        Assert.All([1, 2], pid => Assert.Equal((7, 0), (machine.Tasks[pid].ExitCode, machine.Tasks[pid].Signal)));
        Pressure.AssertAllGivenBack(machine, before);
        var folded = new MachineState(machine.Options);
        machine.Journal.Complete();
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }
}
