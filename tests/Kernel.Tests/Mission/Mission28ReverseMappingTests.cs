using System.Globalization;
using Sim.Engine.Events;
using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Compaction;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 28, reverse mapping: from a frame to all entries that map it. The judge is a walk over the page tables of all processes,
/// which knows nothing of the reverse map.
/// </summary>
public sealed class Mission28ReverseMappingTests
{
    private const ulong At = 0x1000_0000;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    /// <summary>Forks, files, shared memory, writes, unmaps and exits at random: the answer for every frame is the walk's.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 1)]
    [InlineData(KernelProfile.I386Pae, 2)]
    [InlineData(KernelProfile.I386Classic, 3)]
    public void EveryMapperIsFound(KernelProfile profile, ulong seed)
    {
        var vm = new TestVirtualMemory(profile);
        var random = new RandomStream(seed, "rmap");
        var file = new MappedFile(vm.Kernel.Journal.Intern("/lib/libc.so.6"), Readable: true, Writable: true);
        var live = new List<int> { vm.NewProcess() };
        int most = 0;
        for (int i = 0; i < 3_000; i++)
        {
            int pid = live[(int)random.NextBelow((ulong)live.Count)];
            ulong at = At + (random.NextBelow(200) << 12);
            switch (random.NextBelow(40))
            {
                case 0 when live.Count < 12:
                    live.Add((int)vm.Processes.Fork(pid, "child", vm.Cpu, -1));
                    break;
                case 1 when live.Count > 2:
                    long stack = vm.State.Tasks[pid].StackPfn;
                    vm.Processes.Exit(pid, 0, 0, vm.Cpu, -1);
                    vm.Processes.Release(stack, vm.Cpu, -1);
                    live.Remove(pid);
                    break;
                case < 6:
                    vm.Mmap(pid, at, 8 << 12, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
                    break;
                case < 9:
                    vm.Mmap(pid, at, 8 << 12, ReadWrite, MapFlags.Private | MapFlags.Fixed, file, (at - At) & 0xffff);
                    break;
                case < 11:
                    vm.Mmap(pid, at, 8 << 12, ReadWrite, MapFlags.Shared | MapFlags.Anonymous | MapFlags.Fixed);
                    break;
                case 11:
                    vm.Munmap(pid, at, 5 << 12);
                    break;
                default:
                    vm.Touch(pid, at, write: random.NextBelow(2) == 0);
                    break;
            }
            if (i % 250 == 249)
            {
                most = Math.Max(most, Compare(vm, live));
            }
        }
        Assert.True(most >= 4, $"a frame was mapped {most} times at most");
    }

    /// <summary>Reclaim: a page mapped by several processes leaves all of them before it is written out, found through the reverse map alone.</summary>
    [Fact]
    public void ReclaimUnmapsThePageEverywhere()
    {
        var log = new MemoryLog();
        var machine = new TestMachine(bytes: 96L << 20, sink: log, swap: new SwapOptions { Device = SwapDevice.Ssd, Size = 256L << 20 });
        int pages = (int)machine.Machine.State.Memory.Pages.Zones.Sum(z => z.ManagedPages) * 3 / 2, shared = 500;
        MemoryAccess[] Writes(int first, int count) => [.. Enumerable.Range(first, count).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store))];
        MemoryAccess[] mine = Writes(0, shared), rest = Writes(shared, pages);
        int done = 0, written = 0, child = 0, step = 0;
        machine.Virtual.Tasks.Start("parent", 0, new ScriptedProgram((task, _) =>
        {
            if (step == 0)
            {
                for (int piece = 0; piece < shared + pages; piece += 1_024)
                {
                    task.Calls.Mmap(
                        task, At + ((ulong)piece << 12), (ulong)Math.Min(1_024, shared + pages - piece) << 12, ReadWrite,
                        MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
                }
                step = 1;
            }
            written += task.Run(mine.AsSpan(written));
            if (written < shared)
            {
                return ProgramStatus.Running;
            }
            if (step == 1)
            {
                // The child never runs a step that touches anything: its pages are its parent's.
                child = (int)machine.Virtual.Tasks.Fork(task, new ScriptedProgram((c, _) =>
                {
                    c.SleepPs = 100_000_000_000_000;
                    return ProgramStatus.Sleeping;
                }));
                step = 2;
            }
            done += task.Run(rest.AsSpan(done));
            return done < rest.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        machine.Run(90_000_000_000_000);
        Assert.Equal(rest.Length, done);
        int swapped = 0;
        PageTables tables = machine.Spaces.Tables;
        for (int page = 0; page < shared; page++)
        {
            swapped += SwapFormat.IsSlot(tables.ReadPte(machine.Spaces[child].Root, At + ((ulong)page << 12))) ? 1 : 0;
        }
        Assert.True(swapped > shared / 2, $"{swapped} of the child's pages were swapped out");
        machine.Journal.Complete();
        // At the moment of the event one frame left both processes.
        var state = new MachineState(machine.Options);
        List<string> text = log.Text(machine.Catalogue);
        int both = 0;
        int before = 0;
        log.Fold(machine.Catalogue, state.Appliers, after: sequence =>
        {
            int now = state.Virtual.Spaces.ReverseMap.Count;
            if (text[(int)sequence].StartsWith("reclaim.unmap ", StringComparison.Ordinal))
            {
                long pfn = long.Parse(text[(int)sequence].Split("pfn=0x")[1].Split(' ')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                Assert.Equal((0, 0), (state.Virtual.Spaces.ReverseMap.First(pfn), state.Memory.Pages.Frames[pfn].MapCount));
                both += before - now == 2 ? 1 : 0;
            }
            before = now;
        });
        Assert.True(both > shared / 4, $"{both} frames left two processes at once");
        machine.AssertInvariants();
    }

    /// <summary>Migration: every entry that mapped the old frame maps the new one, in both processes that share it.</summary>
    [Fact]
    public void MigrationMovesAllEntries()
    {
        var vm = new TestVirtualMemory();
        int parent = vm.NewProcess();
        vm.Mmap(parent, At, 4096, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
        vm.Touch(parent, At, write: true);
        int child = (int)vm.Processes.Fork(parent, "child", vm.Cpu, -1);
        long from = vm.FrameAt(parent, At), to = vm.Kernel.Allocator.AllocPages(0, GfpFlags.HighUserMovable, parent, vm.Cpu, -1);
        var migrate = new CompactMigrate(from, to, 0);
        vm.Spaces.Apply(in migrate, new EventHeader(0, 0, -1));
        Assert.Equal((to, to), (vm.FrameAt(parent, At), vm.FrameAt(child, At)));
        Assert.Equal((0, 2), (vm.Spaces.ReverseMap.First(from), Mappers(vm, to).Count()));
    }

    /// <summary>Most mappers of one frame.</summary>
    private static int Compare(TestVirtualMemory vm, List<int> live)
    {
        var walked = new Dictionary<long, List<(int Pid, long Vpn)>>();
        foreach (int pid in live)
        {
            foreach (VmArea area in vm.AreasOf(pid))
            {
                for (ulong address = area.VmStart; address < area.VmEnd; address += 4096)
                {
                    long pfn = vm.FrameAt(pid, address);
                    if (pfn >= 0 && pfn != vm.Spaces.ZeroPfn)
                    {
                        (walked.TryGetValue(pfn, out List<(int, long)>? mappers) ? mappers : walked[pfn] = []).Add((pid, (long)(address >> 12)));
                    }
                }
            }
        }
        for (long pfn = 0; pfn < vm.Kernel.Pages.Frames.Count; pfn++)
        {
            Assert.Equal(walked.TryGetValue(pfn, out List<(int, long)>? mappers) ? mappers.Order() : [], Mappers(vm, pfn).Order());
            Assert.True(pfn == vm.Spaces.ZeroPfn || vm.Kernel.Pages.Frames[pfn].MapCount == (mappers?.Count ?? 0));
        }
        Assert.Equal(walked.Values.Sum(m => m.Count), vm.Spaces.ReverseMap.Count);
        return walked.Count == 0 ? 0 : walked.Values.Max(m => m.Count);
    }

    private static IEnumerable<(int Pid, long Vpn)> Mappers(TestVirtualMemory vm, long pfn)
    {
        ReverseMap map = vm.Spaces.ReverseMap;
        for (int entry = map.First(pfn); entry != 0; entry = map.Next(entry))
        {
            yield return map[entry];
        }
    }
}
