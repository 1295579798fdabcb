using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.Oom;
using Sim.Kernel.PageCache;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Oom;

public class OomKillerTests
{
    private const ulong At = 0x1000_0000;

    private readonly TestMachine _machine = new(
        swap: new SwapOptions { Device = SwapDevice.Ssd, Size = 64L << 20 }, pageCache: new PageCacheOptions { Device = FileDevice.Ssd });

    /// <summary>Of the processes that hold most the last one goes: a later task as bad as the one chosen takes its place (<c>oom_evaluate_task</c>).</summary>
    [Theory]
    [InlineData(new[] { 4, 4, 4 }, 3)]
    [InlineData(new[] { 4, 9, 9, 4 }, 3)]
    [InlineData(new[] { 9, 4, 4 }, 1)]
    public void TheLastOfTheLargestIsChosen(int[] pages, int victim)
    {
        Cpu cpu = _machine.Machine.Cpus[0];
        foreach (int count in pages)
        {
            int pid = _machine.Virtual.Processes.Create("task", cpu, -1);
            _machine.Virtual.Mapping.Mmap(
                pid, At, 16 << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed, MappedFile.None, 0, cpu, -1);
            for (int page = 0; page < count; page++)
            {
                _machine.Virtual.Faults.Handle(
                    pid, At + ((ulong)page << 12), Sim.Hardware.Paging.PageFaultErrorCode.User | Sim.Hardware.Paging.PageFaultErrorCode.Write, cpu, -1, out _);
            }
        }
        Assert.Equal(OutOfMemoryAnswer.Wait, Kill(asker: 0, cpu));
        Assert.Equal([victim], _machine.Machine.State.Virtual.Oom!.Victims);
    }

    /// <summary>The zones' lines of the report add up to the node's: dirty pages, and locked ones.</summary>
    [Fact]
    public void TheReportCountsDirtyAndLockedPagesByZone()
    {
        ReclaimState reclaim = _machine.Machine.State.Memory.Reclaim!;
        int file = _machine.Journal.Intern("/file"), touched = 0;
        _machine.Virtual.Calls.Create(file, 16, -1);
        _machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 16 << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Shared | MapFlags.Fixed, new MappedFile(file, Readable: true, Writable: true));
                task.Calls.Mmap(
                    task, At + 0x10_0000, 5 << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed | MapFlags.Locked);
            }
            while (touched < 7 && task.Access(At + ((ulong)touched << 12), 8, AccessKind.Store))
            {
                touched++;
            }
            if (touched < 7)
            {
                return ProgramStatus.Running;
            }
            Assert.Equal((7, 5), (reclaim.Files.Dirty + reclaim.Writeback, reclaim.Mlocked));
            Assert.Equal(reclaim.Files.Dirty * Page.Size, MemcgStat.Rows(_machine.Spaces).Single(r => r.Name == "file_dirty").Value);
            Kill(task.Pid, task.Cpu);
            return ProgramStatus.Exited;
        }), -1);
        _machine.Run();
        OomReport report = _machine.Machine.State.Virtual.Oom!.Last!;
        Assert.Equal((7, 5), (report.Zones.Sum(z => z.WritePending), report.Zones.Sum(z => z.Mlocked)));
        string text = OomReportView.Render(_machine.Machine.State.Virtual.Oom, _machine.Tasks, _machine.Journal.Symbols);
        Assert.Contains("writepending:28kB", text);
        Assert.Contains("mlocked:20kB", text);
    }

    private OutOfMemoryAnswer Kill(int asker, CpuClock cpu) =>
        new OomKiller(_machine.Machine.State.Virtual.Oom!, _machine.Spaces, _machine.Journal).OutOfMemory(0, GfpFlags.HighUserMovable, asker, cpu, -1);
}
