using Sim.Hardware.Cpu;
using Sim.Hardware.Memory;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 2, paging: tables of several levels in simulated frames, walked by the MMU, kept by the kernel. The expected walk is
/// taken from the figures of the Intel SDM, volume 3A (4-2 two-level, 4-5 PAE, 4-8 four-level): bits of the address and no code of ours.
/// </summary>
public sealed class Mission02PagingTests
{
    private const ulong At = 0x1234_5000;

    // Shift and width of each index, top first, and bytes of an entry.
    public static TheoryData<KernelProfile, int[], int[], int> Formats => new()
    {
        { KernelProfile.I386Classic, [22, 12], [10, 10], 4 },
        { KernelProfile.I386Pae, [30, 21, 12], [2, 9, 9], 8 },
        { KernelProfile.X86_64, [39, 30, 21, 12], [9, 9, 9, 9], 8 },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void TheMmuGoesWhereTheTablesInFramesLead(KernelProfile profile, int[] shifts, int[] widths, int entryBytes)
    {
        var machine = new TestMachine(profile);
        PhysicalMemory memory = machine.Machine.State.Hardware.Memory;
        FrameTable frames = machine.Machine.State.Memory.Pages.Frames;
        int walked = 0;
        Run(machine, task =>
        {
            for (ulong page = 0; page < 3_000; page += 7)
            {
                ulong address = At + (page << 12) + 0x123;
                Assert.True(task.Access(address, 1, AccessKind.Store));
                ulong physical = task.Cpu.Access(new MemoryAccess(address, 1, AccessKind.Load)).PhysicalAddress;
                long table = machine.Spaces[task.Pid].Root;
                for (int level = 0; level < shifts.Length; level++)
                {
                    Assert.Equal(FrameUse.PageTable, frames[table].Use);
                    ulong entry = memory.Read(table, (int)((address >> shifts[level]) & ((1UL << widths[level]) - 1)), entryBytes);
                    Assert.Equal(1UL, entry & 1);
                    table = (long)((entry & 0x000f_ffff_ffff_f000) >> 12);
                }
                Assert.Equal(((ulong)table << 12) | 0x123, physical);
                walked++;
            }
        });
        Assert.Equal(429, walked);
    }

    /// <summary>The kernel makes a table when the first page of its range is touched, and gives it back with the last area there.</summary>
    [Theory]
    [InlineData(KernelProfile.I386Classic, 22, 0, 1, 0)]
    [InlineData(KernelProfile.I386Pae, 21, 3, 4, 2)]
    [InlineData(KernelProfile.X86_64, 21, 0, 3, 0)]
    public void TheKernelMakesAndTakesTables(KernelProfile profile, int tableShift, int atFirst, int afterATouch, int afterUnmap)
    {
        var vm = new TestVirtualMemory(profile);
        int pid = vm.NewProcess();
        AddressSpace mm = vm.Spaces[pid];
        ulong length = 8UL << tableShift;
        Assert.Equal((long)At, vm.Mmap(pid, At, length, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed));
        // With PAE the kernel makes the three tables of user space with the process (preallocate_pmds); munmap takes the one it empties.
        Assert.Equal(atFirst, mm.PageTables);
        vm.Touch(pid, At, write: true);
        Assert.Equal(afterATouch, mm.PageTables);
        vm.Touch(pid, At + 4096, write: true);
        Assert.Equal(afterATouch, mm.PageTables);
        vm.Touch(pid, At + (1UL << tableShift), write: true);
        Assert.Equal(afterATouch + 1, mm.PageTables);
        Assert.Equal(afterATouch + 1, PageTableDump.Rows(vm.Spaces, pid).Count(r => !r.Shared && r.Level != "pgd"));
        Assert.Equal(3, PageTableDump.Rows(vm.Spaces, pid).Where(r => !r.Shared).Sum(r => r.Pages));
        vm.Munmap(pid, At, length);
        Assert.Equal(afterUnmap, mm.PageTables);
        vm.AssertInvariants();
    }

    private static void Run(TestMachine machine, Action<TaskContext> body)
    {
        bool done = false;
        machine.Virtual.Tasks.Start("walker", 0, new ScriptedProgram((task, _) =>
        {
            task.Calls.Mmap(task, At, 3_000UL << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
            body(task);
            done = true;
            return ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.True(done);
        machine.AssertInvariants();
    }
}
