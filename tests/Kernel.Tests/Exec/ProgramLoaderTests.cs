using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Exec;

/// <summary>Layouts themselves are compared with recorded ones in Fidelity.Tests; here is what happens around them.</summary>
public class ProgramLoaderTests
{
    private static readonly ProgramArguments _plain = ProgramArguments.Of("/pie", ["/pie", "-x"], ["HOME=/"]);

    [Theory]
    [InlineData("/none", Errno.ENOENT)]
    [InlineData("/text", Errno.ENOEXEC)]
    [InlineData("/orphan", Errno.ENOENT)]
    [InlineData("/wrongld", Errno.ELIBBAD)]
    [InlineData("/badld", Errno.ELIBBAD)]
    public void WhatCannotBeExecutedLeavesTheOldProgram(string path, Errno expected)
    {
        var machine = new TestMachine();
        var programs = Programs.Usual(ElfClass.Elf64);
        int pid = Process(machine);
        Assert.Equal(Errno.None, Execute(machine, pid, "/pie", programs, _plain).Error);
        string before = Maps.Render(machine.Spaces, pid, machine.Journal.Symbols);
        long free = FreePages(machine);
        ExecResult result = Execute(machine, pid, path, programs, _plain);
        Assert.Equal((expected, null, false), (result.Error, result.Start, result.IsFatal));
        Assert.Equal(before, Maps.Render(machine.Spaces, pid, machine.Journal.Symbols));
        Assert.Equal(free, FreePages(machine));
    }

    [Fact]
    public void AnI386KernelExecutesNo64BitProgram()
    {
        var machine = new TestMachine(KernelProfile.I386Pae);
        ExecResult result = Execute(machine, Process(machine), "/other", Programs.Usual(ElfClass.Elf32), _plain);
        Assert.Equal((Errno.ENOEXEC, false), (result.Error, result.IsFatal));
    }

    /// <summary>Where its user space ends (IA32_PAGE_OFFSET), what finds no place in it, and that it is gone with the next 64-bit program.</summary>
    [Fact]
    public void A32BitProgramOnX86_64HasAUserSpaceOfItsOwn()
    {
        var machine = new TestMachine();
        Cpu cpu = machine.Machine.Cpus[0];
        MappingCalls calls = machine.Virtual.Mapping;
        const MapFlags Anonymous = MapFlags.Private | MapFlags.Anonymous;
        const ElfSegmentFlags Data = ElfSegmentFlags.Read | ElfSegmentFlags.Write;
        Programs narrow = Programs.Usual(ElfClass.Elf32), wide = Programs.Usual(ElfClass.Elf64);
        narrow["/old"] = ElfBytes.Of(ElfClass.Elf32, ElfType.Executable, 0x80_1000, null, ElfBytes.Load(0, 0x80_0000, 0x1800, 0x4000, Data));
        int pid = Process(machine);
        ExecResult result = Execute(machine, pid, "/pie", narrow, _plain);
        // Above HOME=/ are the path and an empty word of the kernel's size.
        Assert.Equal(0xffff_e000UL - 8 - 5 - 7, result.Start!.Environment[0]);
        ulong end = machine.Spaces[pid].Areas.End(machine.Spaces[pid].Areas.Find(result.Start.StackPointer));
        Assert.Equal(0xffff_e000UL, end);
        Assert.Equal(2, Maps.Rows(machine.Spaces, pid, machine.Journal.Symbols).Count(r => r.Pathname is "[vdso]" or "[vvar]"));
        Assert.Equal(-(long)Errno.ENOMEM, calls.Mmap(pid, 0, 1UL << 32, ProtFlags.Read, Anonymous, MappedFile.None, 0, cpu, -1));
        Assert.Equal(-(long)Errno.ENOMEM, calls.Mmap(pid, 0xffff_e000, 4096, ProtFlags.Read, Anonymous | MapFlags.Fixed, MappedFile.None, 0, cpu, -1));
        Assert.Equal(-(long)Errno.EINVAL, calls.Munmap(pid, 0xffff_e000, 4096, cpu, -1));
        Assert.InRange(calls.Mmap(pid, 0x7000_0000_0000, 4096, ProtFlags.Read, Anonymous, MappedFile.None, 0, cpu, -1), 0x1000, 0xffff_d000);
        machine.AssertInvariants();

        Assert.Equal(Errno.None, Execute(machine, pid, "/old", narrow, _plain).Error);
        int child = (int)machine.Virtual.Processes.Fork(pid, "child", cpu, -1);
        Assert.True(machine.Spaces[child] is { IsCompat: true, ReadImpliesExec: true });
        Assert.Equal(Errno.None, Execute(machine, child, "/static", narrow, _plain).Error);
        Assert.True(machine.Spaces[child] is { IsCompat: true, ReadImpliesExec: true });
        Assert.Equal(Errno.None, Execute(machine, child, "/static", wide, _plain).Error);
        Assert.True(machine.Spaces[child] is { IsCompat: false, ReadImpliesExec: false });
        Assert.True(machine.Spaces[child].StartStack > uint.MaxValue);
        machine.AssertInvariants();
    }

    /// <summary>The limits of bprm_stack_limits and MAX_ARG_STRLEN, to the byte.</summary>
    [Theory]
    [InlineData(131_071, 1, Errno.None)]
    [InlineData(131_072, 1, Errno.E2BIG)]
    [InlineData(999, 2_079, Errno.None)]
    [InlineData(999, 2_081, Errno.E2BIG)]
    public void ArgumentsHaveLimits(int bytes, int count, Errno expected)
    {
        var machine = new TestMachine();
        var arguments = new ProgramArguments(4, [.. Enumerable.Repeat(bytes, count)], []);
        // 2 MiB, a quarter of the stack's 8 MiB: each string takes its bytes, a NUL and a pointer of 8.
        Assert.Equal(expected, Execute(machine, Process(machine), "/pie", Programs.Usual(ElfClass.Elf64), arguments).Error);
    }

    [Fact]
    public void ASegmentBeyondUserSpaceIsFatal()
    {
        var machine = new TestMachine();
        ExecResult result = Execute(machine, Process(machine), "/high", Programs.Usual(ElfClass.Elf64), _plain);
        Assert.Equal((Errno.ENOMEM, true), (result.Error, result.IsFatal));
        machine.AssertInvariants();
    }

    [Fact]
    public void AnEmptyArgumentListBecomesOneEmptyString()
    {
        var machine = new TestMachine();
        ExecResult result = Execute(machine, Process(machine), "/static", Programs.Usual(ElfClass.Elf64), new ProgramArguments(7, [], []));
        Assert.Equal(1, result.Start!.ArgumentCount);
        Assert.Equal(machine.Spaces.Layout.TaskSize - 8 - 8 - 1, result.Start.Arguments[0]);
    }

    /// <summary>An i386 program without PT_GNU_STACK gets executable memory wherever it can read (READ_IMPLIES_EXEC).</summary>
    [Fact]
    public void OldProgramsMayExecuteWhatTheyMayRead()
    {
        var machine = new TestMachine(KernelProfile.I386Pae);
        const ElfSegmentFlags Data = ElfSegmentFlags.Read | ElfSegmentFlags.Write;
        var programs = new Programs { ["/old"] = ElfBytes.Of(ElfClass.Elf32, ElfType.Executable, 0x80_1000, null, ElfBytes.Load(0, 0x80_0000, 0x1800, 0x4000, Data)) };
        int pid = Process(machine);
        Assert.Equal(Errno.None, Execute(machine, pid, "/old", programs, _plain).Error);
        Assert.All(Maps.Rows(machine.Spaces, pid, machine.Journal.Symbols).Where(r => r.Pathname != "[vvar]"), r => Assert.Equal('x', r.Perms[2]));
    }

    /// <summary>Its children and what they execute have it too, and everything mapped later; on x86-64 nobody does.</summary>
    [Theory]
    [InlineData(KernelProfile.I386Pae, true)]
    [InlineData(KernelProfile.X86_64, false)]
    public void WhatOldProgramsStartMayDoSoToo(KernelProfile profile, bool expected)
    {
        var machine = new TestMachine(profile);
        Cpu cpu = machine.Machine.Cpus[0];
        ElfClass elfClass = machine.Virtual.Programs.Abi.Class;
        const ElfSegmentFlags Data = ElfSegmentFlags.Read | ElfSegmentFlags.Write;
        Programs programs = Programs.Usual(elfClass);
        programs["/old"] = ElfBytes.Of(elfClass, ElfType.Executable, 0x80_1000, null, ElfBytes.Load(0, 0x80_0000, 0x1800, 0x4000, Data));
        int old = Process(machine);
        Assert.Equal(Errno.None, Execute(machine, old, "/old", programs, _plain).Error);
        int pid = (int)machine.Virtual.Processes.Fork(old, "child", cpu, -1);
        Assert.Equal(Errno.None, Execute(machine, pid, "/static", programs, _plain).Error);
        MappingCalls calls = machine.Virtual.Mapping;
        ulong brk = machine.Spaces[pid].StartBrk;
        calls.Brk(pid, brk + 0x3000, cpu, -1);
        ulong mapped = (ulong)calls.Mmap(pid, 0, 0x2000, ProtFlags.Read, MapFlags.Private | MapFlags.Anonymous, MappedFile.None, 0, cpu, -1);
        Assert.Equal(0, calls.Mprotect(pid, mapped, 0x1000, ProtFlags.Read | ProtFlags.Write, cpu, -1));
        Assert.Equal(expected, machine.Spaces[pid].ReadImpliesExec);
        AddressSpace mm = machine.Spaces[pid];
        Assert.All([mapped, mapped + 0x1000, brk], at => Assert.Equal(expected, IsExecutable(at)));
        // The program says itself that its stack is not to be executable.
        Assert.False(IsExecutable(mm.StartStack));
        machine.AssertInvariants();

        bool IsExecutable(ulong at) => (machine.Spaces.Areas[mm.Areas.Handle(mm.Areas.Find(at))].VmFlags & VmFlags.Exec) != 0;
    }

    /// <summary>A program's last page may be read-only though it is not full; an interpreter's may not (load_elf_interp, padzero).</summary>
    [Fact]
    public void AnInterpreterEndsInAWritablePage()
    {
        var machine = new TestMachine();
        const ElfSegmentFlags Text = ElfSegmentFlags.Read | ElfSegmentFlags.Exec;
        Programs programs = Programs.Usual(ElfClass.Elf64);
        programs["/ld"] = ElfBytes.Of(ElfClass.Elf64, ElfType.Dynamic, 0x800, null, ElfBytes.Load(0, 0, 0x2100, 0x2100, Text));
        Assert.Equal((Errno.EFAULT, true), Result("/pie"));
        Assert.Equal((Errno.None, false), Result("/ld"));
        programs["/ld"] = ElfBytes.Of(ElfClass.Elf64, ElfType.Dynamic, 0x800, null, ElfBytes.Load(0, 0, 0x2000, 0x2000, Text));
        Assert.Equal((Errno.None, false), Result("/pie"));

        (Errno Error, bool IsFatal) Result(string path)
        {
            ExecResult result = Execute(machine, Process(machine), path, programs, _plain);
            return (result.Error, result.IsFatal);
        }
    }

    [Theory]
    [InlineData(KernelProfile.X86_64, false)]
    [InlineData(KernelProfile.X86_64, true)]
    [InlineData(KernelProfile.I386Pae, false)]
    [InlineData(KernelProfile.I386Classic, false)]
    public void RunningTasksExecuteOneProgramAfterTheOther(KernelProfile profile, bool pcid)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(profile, cpus: 2, pcid, sink: log);
        var programs = Programs.Usual(machine.Virtual.Programs.Abi.Class);
        // The other program is of the other width: x86-64 executes both.
        string[] paths = ["/pie", "/static", "/other", "/ld", "/pie", "/text", "/static"];
        long free = FreePages(machine);
        for (int i = 0; i < 3; i++)
        {
            machine.Virtual.Tasks.Start("init", i % 2, new ScriptedProgram((task, step) =>
            {
                if (step >= paths.Length)
                {
                    return ProgramStatus.Exited;
                }
                ProgramStart? start = machine.Virtual.Programs.Execve(task, paths[step], _plain, programs, out long result);
                bool isNone = paths[step] == "/text" || (paths[step] == "/other" && profile != KernelProfile.X86_64);
                Assert.Equal(isNone ? -(long)Errno.ENOEXEC : 0, result);
                if (start is not null)
                {
                    Assert.True(task.Access(start.StackPointer, 4, AccessKind.Load));
                    Assert.True(task.Access(start.EntryPoint, 4, AccessKind.Fetch));
                    Assert.True(task.Access(start.StackPointer - 0x3000, 4, AccessKind.Store));
                }
                machine.AssertTranslationsAreTrue();
                return ProgramStatus.Running;
            }), -1);
        }
        machine.Run();
        Assert.Equal(free, FreePages(machine) + machine.Spaces.Cache.Count);
        machine.Journal.Complete();
        machine.AssertInvariants();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        Assert.All(Enumerable.Range(1, 3), pid => Assert.Equal((0, 0), (machine.Tasks[pid].Signal, machine.Tasks[pid].ExitCode)));
        Assert.Equal("static", machine.Journal.Symbols[machine.Tasks[1].Comm]);

        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));
    }

    /// <summary>Hundreds of programs with random segments, overlapping, huge or misaligned: an errno or a layout, and nothing is left behind.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64, ElfClass.Elf64)]
    [InlineData(KernelProfile.X86_64, ElfClass.Elf32)]
    [InlineData(KernelProfile.I386Pae, ElfClass.Elf32)]
    public void AnySegmentsAreALayoutOrAnError(KernelProfile profile, ElfClass elfClass)
    {
        var machine = new TestMachine(profile);
        var random = new RandomStream(5, "segments");
        int good = 0;
        // The pages of the kernel's own and of the file stay cached; what execve leaves behind beyond them would show.
        Assert.Equal(Errno.None, Run(Programs.Usual(elfClass), "/pie"));
        for (int round = 0; round < 300; round++)
        {
            var programs = new Programs { ["/pie"] = RandomProgram(random, elfClass, "/ld"), ["/ld"] = RandomProgram(random, elfClass, null) };
            long cached = machine.Spaces.Cache.Count, free = FreePages(machine);
            good += Run(programs, "/pie") == Errno.None ? 1 : 0;
            Assert.Equal(free - (machine.Spaces.Cache.Count - cached), FreePages(machine));
        }
        Assert.InRange(good, 20, 280);
        machine.AssertInvariants();

        Errno Run(Programs programs, string path)
        {
            int pid = Process(machine);
            ExecResult result = Execute(machine, pid, path, programs, _plain);
            Assert.Null(AddressSpaceInvariants.Violation(machine.Spaces, machine.Machine.State.Memory.Pages.Frames));
            End(machine, pid);
            return result.Error;
        }
    }

    private static byte[] RandomProgram(RandomStream random, ElfClass elfClass, string? interpreter)
    {
        ulong mask = elfClass == ElfClass.Elf64 ? ulong.MaxValue : uint.MaxValue;
        bool wild = random.NextBelow(3) == 0;
        ulong address = random.NextBelow(4) == 0 ? random.NextBelow(1 << 30) : random.NextBelow(64) << 12;
        var segments = new ElfSegment[1 + random.NextBelow(5)];
        for (int i = 0; i < segments.Length; i++)
        {
            ulong offset = (random.NextBelow(32) << 12) | (address & 0xfff), file = random.NextBelow(0x8000);
            ulong memory = random.NextBelow(3) == 0 ? file + random.NextBelow(0x8000) : file;
            ulong align = 1UL << (int)random.NextBelow(23);
            if (wild && random.NextBelow(3) == 0)
            {
                (address, memory) = random.NextBelow(4) switch
                {
                    0 => (random.NextUInt64() & mask, memory),
                    1 => (address, random.NextUInt64() & mask),
                    2 => (address ^ 1, memory),
                    _ => (address, file / 2),
                };
            }
            segments[i] = ElfBytes.Load(offset, address & mask, file, memory, (ElfSegmentFlags)random.NextBelow(8), align);
            address += memory + (random.NextBelow(4) << 12) + random.NextBelow(0x1000);
        }
        var type = random.NextBelow(2) == 0 ? ElfType.Dynamic : ElfType.Executable;
        return ElfBytes.Of(elfClass, type, random.NextBelow(0x10_0000), interpreter, segments);
    }

    private static ExecResult Execute(TestMachine machine, int pid, string path, IProgramFiles programs, ProgramArguments arguments) =>
        machine.Virtual.Programs.Execute(pid, path, arguments, programs, machine.Machine.Cpus[0], -1);

    private static int Process(TestMachine machine) => machine.Virtual.Processes.Create("init", machine.Machine.Cpus[0], -1);

    /// <summary>Ends a process that never ran; its CPU runs something else, namely nothing.</summary>
    private static void End(TestMachine machine, int pid)
    {
        long stack = machine.Tasks[pid].StackPfn;
        machine.Virtual.Processes.Exit(pid, 0, 0, machine.Machine.Cpus[0], -1);
        machine.Virtual.Processes.Release(stack, machine.Machine.Cpus[0], -1);
    }

    private static long FreePages(TestMachine machine)
    {
        machine.Machine.Pages.DrainAll(machine.Machine.Cpus[0], -1);
        return machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages);
    }
}
