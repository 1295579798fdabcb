using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>Which active pages stay active when they are found to have been used (<c>shrink_active_list</c>, Linux 6.1).</summary>
public class LruDeactivateTests
{
    private const ulong At = 0x1000_0000;

    /// <summary>Only pages of files do, and only in executable areas: not data, and not shared memory, executable or not.</summary>
    [Theory]
    [InlineData(true, ProtFlags.Exec, true)]
    [InlineData(true, ProtFlags.None, false)]
    [InlineData(false, ProtFlags.Exec, false)]
    public void ExecutablePagesOfFilesStayActive(bool isFile, ProtFlags more, bool stays)
    {
        var machine = new TestMachine(
            swap: new SwapOptions { Device = SwapDevice.Ssd, Size = 64L << 20 }, pageCache: new PageCacheOptions { Device = FileDevice.Ssd });
        LruState lru = machine.Machine.State.Memory.Reclaim!.Lru;
        var file = new MappedFile(machine.Journal.Intern("/code"));
        machine.Virtual.Calls.Create(file.Symbol, 4, -1);
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(
                    task, At, 4096, ProtFlags.Read | more, MapFlags.Fixed | (isFile ? MapFlags.Private : MapFlags.Shared | MapFlags.Anonymous),
                    isFile ? file : MappedFile.None);
            }
            if (!task.Access(At, 8, AccessKind.Load))
            {
                return ProgramStatus.Running;
            }
            var header = new EventHeader(0, 0, -1);
            var drain = new LruDrain(0);
            lru.Apply(in drain, in header);
            int pfn = (int)machine.FrameAt(task.Pid, At);
            lru.Take(pfn);
            machine.Machine.State.Memory.Pages.Frames.At(pfn).Flags |= PageFlags.Active;
            lru.Put(pfn);
            var deactivate = new LruDeactivate(isFile ? LruList.ActiveFile : LruList.ActiveAnon, 1, (ZoneType)(ZoneTypes.Count - 1));
            machine.Spaces.Apply(in deactivate, in header);
            Assert.Equal(stays, machine.Machine.State.Memory.Pages.Frames[pfn].Has(PageFlags.Active));
            Assert.Equal(0, machine.Spaces.References(pfn, out _, out _));
            return ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.Equal((TaskState.Dead, 0), (machine.Tasks[1].State, machine.Tasks[1].Signal));
        machine.AssertInvariants();
    }
}
