using System.Globalization;
using Sim.Hardware.Cpu;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Syscalls;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 1, the segments that are not flat: thread-local storage in the GDT, local descriptor tables, bases of FS and GS. What
/// the calls answer, what LAR and LSL say and which exceptions and signals follow is compared with this machine's CPU and kernel.
/// </summary>
public sealed class Mission01TaskSegmentsTests
{
    private const ulong Data = 0x1000_0000;
    private const ushort Ldt0 = 0x07, Ldt1 = 0x0f, Ldt2 = 0x17, Ldt3 = 0x1f, Ldt4 = 0x27;
    private const int AllocatedSize = 0xff;

    /// <summary>The steps of <c>segments32.c</c>, in order: a call that answers, or accesses and loads that may be the task's end.</summary>
    private static readonly (string Name, Func<TaskContext, long?> Act)[] _steps =
    [
        ("tls", t => SetTls(t, -1, Wide with { Useable = true }, out int entry) == 0 && t.LoadSegment(SegmentRegister.Gs, (ushort)(entry << 3 | 3)) ? null : 1),
        ("tls-inside", t => Load(t, SegmentRegister.Gs, 0xfc)),
        ("tls-across", t => Load(t, SegmentRegister.Gs, 0xfd)),
        ("tls-16-bit", t => SetTls(t, -1, Wide with { Seg32Bit = false, Useable = true }, out _)),
        ("tls-code", t => SetTls(t, -1, Wide with { Contents = 2 }, out _)),
        ("tls-absent", t => SetTls(t, -1, Wide with { SegNotPresent = true }, out _)),
        ("tls-entry-5", t => SetTls(t, 5, Wide, out _)),
        ("tls-second", t => SetTls(t, -1, Wide, out _)),
        ("tls-third", t => SetTls(t, -1, Wide, out _)),
        ("tls-fourth", t => SetTls(t, -1, Wide, out _)),
        ("ldt-none", t => Take(t, SegmentRegister.Es, Ldt0)),
        ("ldt-data", t => SetLdt(t, 0, Wide with { Useable = true })),
        ("ldt-absent", t => SetLdt(t, 1, Wide with { SegNotPresent = true })),
        ("ldt-code", t => SetLdt(t, 2, Wide with { Contents = 2, ReadExecOnly = true })),
        ("ldt-read-only", t => SetLdt(t, 3, Wide with { LimitInPages = true, ReadExecOnly = true })),
        ("ldt-down", t => SetLdt(t, 4, Wide with { Contents = 1 })),
        ("ldt-conforming", t => SetLdt(t, 5, Wide with { Contents = 3 })),
        ("ldt-entry-8192", t => SetLdt(t, 8192, Wide)),
        ("ldt-old-useable", t => SetLdt(t, 5, Wide with { Useable = true }, oldMode: true)),
        ("fs", t => Take(t, SegmentRegister.Fs, Ldt0)),
        ("ldt-inside", t => Load(t, SegmentRegister.Fs, 0xfc)),
        ("ldt-behind", t => Load(t, SegmentRegister.Fs, 0x100)),
        ("load-absent", t => Take(t, SegmentRegister.Es, Ldt1)),
        ("load-execute-only", t => Take(t, SegmentRegister.Es, Ldt2)),
        ("load-beyond", t => Take(t, SegmentRegister.Es, 0x37)),
        ("es-3", t => Take(t, SegmentRegister.Es, Ldt3)),
        ("write-read-only", t => Access(t, SegmentRegister.Es, 0, AccessKind.Store)),
        ("es-4", t => Take(t, SegmentRegister.Es, Ldt4)),
        ("down-inside", t => Load(t, SegmentRegister.Es, 0xfe)),
        ("es-null", t => Take(t, SegmentRegister.Es, 0)),
        ("through-null", t => Load(t, SegmentRegister.Es, 0)),
        ("ldt-clear", t => SetLdt(t, 0, new UserDescriptor { ReadExecOnly = true, SegNotPresent = true })),
        ("load-cleared", t => Take(t, SegmentRegister.Es, Ldt0)),
    ];

    private static readonly string[] _deadly =
    [
        "tls-across", "ldt-none", "ldt-behind", "load-absent", "load-execute-only", "load-beyond", "write-read-only", "down-inside", "through-null",
        "load-cleared",
    ];

    public static TheoryData<string> Deadly => [.. _deadly];

    private static UserDescriptor Wide => new(0, (uint)Data, AllocatedSize) { Seg32Bit = true };

    /// <summary>Every call answers as on this machine, and the descriptors it left have the rights and limits that LAR and LSL told.</summary>
    [Fact]
    public void CallsAnswerAndDescriptorsAreAsOnThisMachine()
    {
        Dictionary<string, string[]> real = RealKernel.AskAboutSegments();
        var machine = new TestMachine(KernelProfile.I386Pae);
        int compared = 0;
        Run(machine, task =>
        {
            foreach ((string name, Func<TaskContext, long?> act) in _steps.Where(s => !_deadly.Contains(s.Name) && s.Name != "ldt-clear"))
            {
                long? answer = act(task);
                Assert.True(real.GetValueOrDefault(name) is not [var said] || said == Hex(answer ?? 0), $"{name}: {Hex(answer ?? 0)}");
                compared += answer is not null && real.ContainsKey(name) ? 1 : 0;
            }
            Assert.Equal(real["tls"], Describe(machine, task.Cpu.Selector(SegmentRegister.Gs)));
            for (int i = 0; i <= 6; i++)
            {
                Assert.Equal(real[$"entry-{i}"], Describe(machine, (ushort)(i << 3 | 7)));
            }
        });
        Assert.Equal(0, machine.Tasks[1].Signal);
        Assert.Equal(15, compared);
        machine.AssertInvariants();
    }

    /// <summary>Limit, type, privilege and presence violations: signal, si_code, vector and error code as on this machine.</summary>
    [Theory]
    [MemberData(nameof(Deadly))]
    public void ViolationsEndTasksAsOnThisMachine(string name)
    {
        string[] real = RealKernel.AskAboutSegments()[name];
        var log = new MemoryLog();
        var machine = new TestMachine(KernelProfile.I386Pae, sink: log);
        bool survived = false;
        Run(machine, task =>
        {
            foreach ((string step, Func<TaskContext, long?> act) in _steps)
            {
                if (step == name || !_deadly.Contains(step))
                {
                    act(task);
                }
                if (step == name)
                {
                    survived = task.KilledBy == 0;
                    return;
                }
            }
        });
        machine.Journal.Complete();
        Assert.False(survived);
        string[] lines = [.. log.Text(machine.Catalogue)];
        string entry = lines.Last(l => l.StartsWith("cpu.enter ", StringComparison.Ordinal) && l.Contains("entry=exception", StringComparison.Ordinal));
        int signal = machine.Tasks[1].Signal;
        Assert.Contains(lines, l => l.StartsWith(signal == Signal.Bus ? "fault.bus " : "fault.segv ", StringComparison.Ordinal));
        Assert.Equal(real, (string[])[Hex(signal), Hex((int)SegvCode.Kernel), Hex(Field(entry, "vector")), Hex(Field(entry, "error_code"))]);
        machine.AssertInvariants();
    }

    /// <summary>Tasks that take turns on a CPU each find their own segments, and the log folds to the same state.</summary>
    [Theory]
    [InlineData(KernelProfile.I386Classic)]
    [InlineData(KernelProfile.X86_64)]
    public void EachTaskHasItsOwn(KernelProfile profile)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(profile, sink: log);
        ulong[] found = new ulong[3];
        for (int i = 0; i < 3; i++)
        {
            uint at = (uint)(Data + (ulong)i * 0x100);
            bool plain = i == 2;
            Start(machine, $"task{i}", (task, step) =>
            {
                if (step == 0)
                {
                    Map(task);
                    if (!plain)
                    {
                        GiveSegment(task, profile, at);
                        Assert.Equal(0, task.SegmentCalls.WriteLdt(task, Wide with { BaseAddress = at }, Data));
                        Assert.True(task.LoadSegment(SegmentRegister.Es, Ldt0));
                    }
                }
                if (step < 4)
                {
                    task.SleepPs = 1_000_000_000;
                    return ProgramStatus.Sleeping;
                }
                SegmentRegister register = profile == KernelProfile.X86_64 ? SegmentRegister.Fs : SegmentRegister.Gs;
                ulong physical = task.Cpu.Access(new MemoryAccess(plain ? Data : 0, 4, AccessKind.Load) { Segment = plain ? SegmentRegister.Default : register }).PhysicalAddress;
                found[task.Pid - 1] = physical & 0xfff;
                Assert.Equal(plain ? machine.Machine.State.Hardware.Gdt.InitialDataSelector : Ldt0, task.Cpu.Selector(SegmentRegister.Es));
                Assert.Equal(plain ? 0 : task.Pid, machine.Machine.State.Hardware.Descriptors.LoadedLocal(0));
                return ProgramStatus.Exited;
            });
        }
        machine.Run();
        Assert.Equal((ulong[])[0UL, 0x100UL, 0UL], found);
        Assert.Equal(0, machine.Machine.State.Hardware.Descriptors.LoadedLocal(0));
        machine.AssertInvariants();
        machine.Journal.Complete();
        var state = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, [.. state.Appliers]);
        Assert.Equal(machine.Machine.State.Hash(_ => true), state.Hash(_ => true));
    }

    /// <summary>A child of fork has its parent's segments and a local table of its own; execve and exit give tables back.</summary>
    [Fact]
    public void ForkCopies()
    {
        var machine = new TestMachine(KernelProfile.I386);
        DescriptorTables tables = machine.Machine.State.Hardware.Descriptors;
        long child = 0;
        Start(machine, "parent", (task, step) =>
        {
            if (step > 0)
            {
                return machine.Virtual.Tasks.Wait4(task, -1, hang: true, out _) == -(long)Errno.ECHILD ? ProgramStatus.Exited : ProgramStatus.Running;
            }
            Map(task);
            GiveSegment(task, KernelProfile.I386, (uint)Data + 0x40);
            Assert.Equal(0, task.SegmentCalls.WriteLdt(task, Wide with { EntryNumber = 600 }, Data));
            child = machine.Virtual.Tasks.Fork(task, new ScriptedProgram((c, _) =>
            {
                Assert.Equal(601, tables.LocalEntries(c.Pid));
                Assert.NotEqual(tables.LocalPfn(1), tables.LocalPfn(c.Pid));
                Assert.True(c.Access(0, 4, AccessKind.Load, SegmentRegister.Gs));
                Assert.Equal(0, c.SegmentCalls.WriteLdt(c, Wide with { EntryNumber = 600, Limit = 1 }, Data));
                Assert.Equal((1U, (uint)AllocatedSize), (tables.Local(c.Pid, 600).Limit, tables.Local(1, 600).Limit));
                return ProgramStatus.Exited;
            }));
            return ProgramStatus.Running;
        });
        machine.Run();
        Assert.True(child > 0);
        Assert.Equal((0, 0), (tables.LocalEntries(1), tables.LocalEntries((int)child)));
        Assert.Equal(0, machine.Tasks[1].Signal);
        Assert.Equal(0, machine.Tasks[(int)child].Signal);
        machine.AssertInvariants();
    }

    /// <summary>arch_prctl: only addresses of user space, only in long mode; set_thread_area only in 32-bit kernels.</summary>
    [Fact]
    public void BasesAreForLongMode()
    {
        var machine = new TestMachine(KernelProfile.X86_64);
        Run(machine, task =>
        {
            Assert.Equal(-(long)Errno.EPERM, task.SegmentCalls.ArchPrctl(task, SegmentCalls.ArchSetGs, machine.Spaces.Layout.TaskSize));
            Assert.Equal(-(long)Errno.EINVAL, task.SegmentCalls.ArchPrctl(task, 0x9999, 0));
            Assert.Equal(-(long)Errno.ENOSYS, SetTls(task, -1, Wide, out _));
            Assert.Equal(0, task.SegmentCalls.ArchPrctl(task, SegmentCalls.ArchSetGs, Data + 0x123));
            Assert.Equal(0x123UL + 8, task.Cpu.Access(new MemoryAccess(8, 1, AccessKind.Load) { Segment = SegmentRegister.Gs }).PhysicalAddress & 0xfff);
            // The base is written where the program says, if that can be written.
            Assert.Equal(0, task.SegmentCalls.ArchPrctl(task, SegmentCalls.ArchGetGs, Data + 8));
            Assert.Equal(-(long)Errno.EFAULT, task.SegmentCalls.ArchPrctl(task, SegmentCalls.ArchGetFs, 0x1000));
        });
        Assert.Equal(0, machine.Tasks[1].Signal);
        var small = new TestMachine(KernelProfile.I386);
        Run(small, task => Assert.All(
            [SegmentCalls.ArchSetFs, SegmentCalls.ArchGetFs], code => Assert.Equal(-(long)Errno.EINVAL, task.SegmentCalls.ArchPrctl(task, code, Data))));
    }

    private static void GiveSegment(TaskContext task, KernelProfile profile, uint at)
    {
        if (profile == KernelProfile.X86_64)
        {
            Assert.Equal(0, task.SegmentCalls.ArchPrctl(task, SegmentCalls.ArchSetFs, at));
            return;
        }
        Assert.Equal(0, task.SegmentCalls.SetThreadArea(task, Wide with { EntryNumber = -1, BaseAddress = at }, Data, out int entry));
        Assert.Equal(6, entry);
        Assert.True(task.LoadSegment(SegmentRegister.Gs, (ushort)(entry << 3 | 3)));
    }

    private static void Run(TestMachine machine, Action<TaskContext> script)
    {
        Start(machine, "task", (task, _) =>
        {
            Map(task);
            script(task);
            return ProgramStatus.Exited;
        });
        machine.Run();
    }

    private static void Start(TestMachine machine, string name, Func<TaskContext, int, ProgramStatus> script) =>
        machine.Virtual.Tasks.Start(name, 0, new ScriptedProgram(script), -1);

    private static void Map(TaskContext task)
    {
        task.Calls.Mmap(task, Data, 4096, ProtFlags.Read | ProtFlags.Write, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
        Assert.True(task.Access(Data, 4, AccessKind.Store));
    }

    private static long SetTls(TaskContext task, int entry, UserDescriptor descriptor, out int chosen) =>
        task.SegmentCalls.SetThreadArea(task, descriptor with { EntryNumber = entry }, Data, out chosen);

    private static long? SetLdt(TaskContext task, int entry, UserDescriptor descriptor, bool oldMode = false) =>
        task.SegmentCalls.WriteLdt(task, descriptor with { EntryNumber = entry }, Data, oldMode);

    private static long? Take(TaskContext task, SegmentRegister register, ushort selector)
    {
        task.LoadSegment(register, selector);
        return null;
    }

    private static long? Load(TaskContext task, SegmentRegister register, ulong offset) => Access(task, register, offset, AccessKind.Load);

    private static long? Access(TaskContext task, SegmentRegister register, ulong offset, AccessKind kind)
    {
        task.Access(offset, 4, kind, register);
        return null;
    }

    /// <summary>What LAR and LSL put into registers; zeros for what they do not know.</summary>
    private static string[] Describe(TestMachine machine, ushort selector) =>
        machine.Machine.State.Hardware.Descriptors.TryFind(0, selector, out SegmentDescriptor d)
            ? [Hex((long)(d.Raw >> 32 & 0x00f0_ff00)), Hex(d.Limit)]
            : [Hex(0), Hex(0)];

    private static string Hex(long value) => ((uint)value).ToString("x8", CultureInfo.InvariantCulture);

    private static long Field(string line, string field)
    {
        string text = line.Split(' ').Single(w => w.StartsWith(field + "=", StringComparison.Ordinal))[(field.Length + 1)..];
        return text.StartsWith("0x", StringComparison.Ordinal) ? long.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture) : long.Parse(text, CultureInfo.InvariantCulture);
    }
}
