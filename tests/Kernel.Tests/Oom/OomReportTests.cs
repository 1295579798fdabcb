using Sim.Kernel.Mm;
using Sim.Kernel.Oom;
using Sim.Kernel.PageCache;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Oom;

/// <summary>What the report of a kill says of each zone.</summary>
public class OomReportTests
{
    private const ulong At = 0x1000_0000;

    /// <summary>Dirty pages, pages being written and locked pages, by the zones their frames are in, add up to what the node counts.</summary>
    [Fact]
    public void TheZonesAddUpToTheNode()
    {
        var machine = new TestMachine(cpus: 2, bytes: 96L << 20, pageCache: new PageCacheOptions { Device = FileDevice.Hdd });
        int file = machine.Journal.Intern("/file"), next = 0;
        machine.Virtual.Calls.Create(file, 0, -1);
        var mapped = new MappedFile(file, Readable: true, Writable: true);
        Action<TaskContext>[] deeds =
        [
            task => task.Calls.Mmap(task, At, 16 << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed),
            task => task.Calls.Mlock(task, At, 5 << 12),
            task => task.Calls.Write(task, mapped, At, 16 << 12, 0),
            task => task.Calls.Fsync(task, mapped),
            // All of it is being written, and the first page is dirty again.
            _ => Kill(machine, file),
        ];
        machine.Virtual.Tasks.Start("writer", 0, new ScriptedProgram((task, _) =>
        {
            while (next < deeds.Length)
            {
                deeds[next++](task);
            }
            return ProgramStatus.Exited;
        }), -1);
        machine.Run(1_000_000_000);
        Assert.Equal(deeds.Length, next);
        OomReport report = machine.Machine.State.Virtual.Oom!.Last!;
        Assert.Equal((17, 5), (report.Zones.Sum(z => z.WritePending), report.Zones.Sum(z => z.Mlocked)));
        string text = OomReportView.Render(machine.Machine.State.Virtual.Oom, machine.Tasks, machine.Journal.Symbols);
        Assert.Contains("writepending:68kB", text);
        Assert.Contains("mlocked:20kB", text);
    }

    private static void Kill(TestMachine machine, int file)
    {
        ReclaimState reclaim = machine.Machine.State.Memory.Reclaim!;
        var again = new FilePageAccess(file, 0, machine.Spaces.Cache.Find(file, 0), Write: true, ToEnd: true);
        machine.Spaces.Apply(in again, new(0, 0, -1));
        Assert.Equal((16, 1, 5), (reclaim.Writeback, reclaim.Files.Dirty, reclaim.Mlocked));
        var kill = new OomKilled(1, 1, 0, 0, 0);
        machine.Machine.State.Virtual.Oom!.Apply(in kill, new(0, 0, -1));
    }
}
