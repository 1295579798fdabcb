using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Tasks;

/// <summary>Page tables changed behind the kernel's back, so that no flush follows: the first use of the old translation is found.</summary>
public sealed class TranslationCheckTests
{
    private const ulong At = 0x1000_0000;

    [Theory]
    [InlineData("unmapped", false)]
    [InlineData("unmapped", true)]
    [InlineData("another frame", false)]
    [InlineData("another frame", true)]
    [InlineData("read only", true)]
    [InlineData("kernel only", false)]
    public void AForgottenFlushIsFoundAtTheFirstUse(string change, bool batch)
    {
        StaleTranslationException e = Assert.Throws<StaleTranslationException>(() => Use(change, batch, store: true));
        Assert.Contains("page 0x10000", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("as before")]
    [InlineData("accessed cleared")]
    public void WhatACpuMayKeepIsNoFault(string change) => Use(change, batch: true, store: true);

    private static void Use(string change, bool batch, bool store)
    {
        var machine = new TestMachine();
        machine.Virtual.Tasks.Start("uses", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 4096, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
                Assert.True(task.Access(At, 8, AccessKind.Store));
                Change(machine, task.Pid, change);
            }
            AccessKind kind = store ? AccessKind.Store : AccessKind.Load;
            if (batch)
            {
                task.Run([new MemoryAccess(At, 8, kind)]);
            }
            else
            {
                task.Access(At, 8, kind);
            }
            return ProgramStatus.Exited;
        }), -1);
        machine.Run();
    }

    private static void Change(TestMachine machine, int pid, string change)
    {
        PageTables tables = machine.Spaces.Tables;
        long table = tables.FindLeafTable(machine.Spaces[pid].Root, At, out _);
        ulong entry = tables.Read(table, At);
        tables.Write(table, At, change switch
        {
            "unmapped" => 0,
            "another frame" => tables.Mode.MakeEntry(tables.Mode.PfnOf(entry) + 1, tables.Mode.FlagsOf(entry)),
            "read only" => entry & ~(ulong)PteFlags.Write,
            "kernel only" => entry & ~(ulong)PteFlags.User,
            "accessed cleared" => entry & ~(ulong)PteFlags.Accessed,
            _ => entry,
        });
    }
}
