using System.Globalization;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 3: one address space per process, isolated, with access control. Error codes and signal codes are compared with those
/// that this machine's CPU and kernel give a real program for the same accesses.
/// </summary>
public sealed class Mission03IsolationTests
{
    private const ulong At = 0x1000_0000, Data = At + (32 << 12), None = At + (16 << 12);
    private const MapFlags Anonymous = MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed;

    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Pae)]
    [InlineData(KernelProfile.I386Classic)]
    public void TwoTasksHaveDifferentFramesAtOneAddress(KernelProfile profile)
    {
        var machine = new TestMachine(profile);
        var physical = new List<ulong>();
        for (int i = 0; i < 2; i++)
        {
            machine.Virtual.Tasks.Start($"task{i}", 0, new ScriptedProgram((task, step) =>
            {
                if (step == 0)
                {
                    task.Calls.Mmap(task, At, 4096, ProtFlags.Read | ProtFlags.Write, Anonymous);
                    Assert.True(task.Access(At, 8, AccessKind.Store));
                    task.SleepPs = 1_000_000_000;
                    return ProgramStatus.Sleeping;
                }
                // Both have written by now, and each still finds its own page.
                physical.Add(task.Cpu.Access(new MemoryAccess(At, 8, AccessKind.Load)).PhysicalAddress);
                return ProgramStatus.Exited;
            }), -1);
        }
        machine.Run();
        Assert.Equal(2, physical.Distinct().Count());
        machine.AssertInvariants();
    }

    /// <summary>Forbidden accesses: the error code (SDM 3A, figure 4-12) and si_code (1 SEGV_MAPERR, 2 SEGV_ACCERR).</summary>
    [Theory]
    [InlineData("null", 8UL, AccessKind.Load)]
    [InlineData("null-write", 8UL, AccessKind.Store)]
    [InlineData("read-only", At, AccessKind.Store)]
    [InlineData("none", None, AccessKind.Load)]
    [InlineData("fetch", Data, AccessKind.Fetch)]
    [InlineData("kernel", 0xffff_8880_0000_0000UL, AccessKind.Load)]
    [InlineData("kernel-write", 0xffff_8880_0000_0000UL, AccessKind.Store)]
    public void ViolationsFaultAsOnThisMachine(string name, ulong address, AccessKind kind)
    {
        string[] real = RealKernel.Ask("faults")[name];
        Assert.Equal((int.Parse(real[0], CultureInfo.InvariantCulture), int.Parse(real[1], CultureInfo.InvariantCulture)), Violate(KernelProfile.X86_64, address, kind));
    }

    /// <summary>NX exists with PAE and in long mode, not in two-level tables: there the fetch is allowed.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, 0x15)]
    [InlineData(KernelProfile.I386Pae, 0x15)]
    [InlineData(KernelProfile.I386Classic, 0)]
    [InlineData(KernelProfile.I386, 0)]
    public void ExecuteProtectionIsWhereNxIs(KernelProfile profile, int errorCode) =>
        Assert.Equal((errorCode, errorCode == 0 ? 0 : 2), Violate(profile, Data, AccessKind.Fetch));

    /// <summary>On i386 user code cannot reach the kernel's quarter either: present, user mode (5).</summary>
    [Theory]
    [InlineData(KernelProfile.I386Classic)]
    [InlineData(KernelProfile.I386Pae)]
    public void TheKernelsQuarterIsOutOfReach(KernelProfile profile) => Assert.Equal((5, 1), Violate(profile, 0xc000_0000, AccessKind.Load));

    /// <summary>What the task is killed with: error code and si_code of its last fault; zeros when the access was allowed.</summary>
    private static (int ErrorCode, int Code) Violate(KernelProfile profile, ulong address, AccessKind kind)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(profile, sink: log);
        bool allowed = false;
        machine.Virtual.Tasks.Start("bad", 0, new ScriptedProgram((task, _) =>
        {
            task.Calls.Mmap(task, At, 4096, ProtFlags.Read, Anonymous);
            task.Calls.Mmap(task, None, 4096, ProtFlags.None, Anonymous);
            task.Calls.Mmap(task, Data, 4096, ProtFlags.Read | ProtFlags.Write, Anonymous);
            Assert.True(task.Access(At, 1, AccessKind.Load) && task.Access(Data, 1, AccessKind.Store));
            allowed = task.Access(address, 1, kind);
            return ProgramStatus.Exited;
        }), -1);
        machine.Run();
        machine.Journal.Complete();
        Assert.Equal(allowed ? 0 : Signal.Segv, machine.Tasks[1].Signal);
        string? fault = log.Text(machine.Catalogue).LastOrDefault(l => l.StartsWith("fault.segv ", StringComparison.Ordinal));
        if (fault is null)
        {
            return (0, 0);
        }
        Dictionary<string, string> fields = fault.Split(' ')[1..].Select(f => f.Split('=')).ToDictionary(f => f[0], f => f[1]);
        string code = fields["error_code"];
        return (
            code.StartsWith("0x", StringComparison.Ordinal) ? int.Parse(code[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture) : int.Parse(code, CultureInfo.InvariantCulture),
            fields["code"] == "map_err" ? 1 : 2);
    }
}
