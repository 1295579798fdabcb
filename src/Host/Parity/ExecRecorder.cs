using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel;
using Sim.Kernel.Exec;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;

namespace Sim.Host.Parity;

/// <summary>
/// The recorder of the goldens (<c>vmaseq.c</c> of the recordings, Debian 12's gcc 12.2 with <c>-O1 -static</c>) up to execve. It forks,
/// and the child sets limits and user and executes the program; its page faults stay in the task's count, which execve does not
/// reset. So the recorder is executed here too, forks, and the child touches the pages that the binary's code touches.
/// </summary>
/// <param name="Image">The recorder's headers.</param>
/// <param name="FilePages">Pages of its file, all in the page cache.</param>
/// <param name="CodePages">Pages the child executes between fork and execve, in order.</param>
/// <param name="WrittenPages">Pages of data and heap it writes: relro, locks of stdio and malloc, thread block.</param>
/// <param name="Strings">Where its constants are that it passes to the program.</param>
internal sealed record ExecRecorder(
    ElfImage Image, long FilePages, IReadOnlyList<ulong> CodePages, IReadOnlyList<ulong> WrittenPages, ExecRecorder.StringConstants Strings)
{
    private const string Path = "/init";
    private const int SomeArguments = 1;
    private const ulong HeapBytes = 0x22000;

    /// <summary>Addresses of strings; the others that it passes are on its stack or in memory it has written.</summary>
    /// <param name="Home">HOME=/</param>
    /// <param name="Term">TERM=linux</param>
    /// <param name="One">The first further argument of case 1.</param>
    /// <param name="Second">The second.</param>
    /// <param name="Empty">The third.</param>
    internal readonly record struct StringConstants(ulong Home, ulong Term, ulong One, ulong Second, ulong Empty);

    /// <summary>The recorder for x86-64.</summary>
    public static ExecRecorder X86_64 { get; } = new(
        new ElfImage(ElfClass.Elf64, ElfType.Executable, ElfMachine.X86_64, 0x4015a0, 64,
        [
            Segment(0, 0x400000, 0x548, 0x548, ElfSegmentFlags.Read),
            Segment(0x1000, 0x401000, 0x9cc01, 0x9cc01, ElfSegmentFlags.Read | ElfSegmentFlags.Exec),
            Segment(0x9e000, 0x49e000, 0x2a3e8, 0x2a3e8, ElfSegmentFlags.Read),
            Segment(0xc85d8, 0x4c95d8, 0x5d98, 0x6f6828, ElfSegmentFlags.Read | ElfSegmentFlags.Write),
        ], null),
        229, [0x449000, 0x448000, 0x402000, 0x44b000, 0x44c000], [0xbc0000, 0x4ce000, 0xbbf000],
        new(0x49e3c3, 0x49e47f, 0x49e48a, 0x49e478, 0x4b98fd));

    /// <summary>The recorder for i386.</summary>
    public static ExecRecorder I386 { get; } = new(
        new ElfImage(ElfClass.Elf32, ElfType.Executable, ElfMachine.I386, 0x8049650, 52,
        [
            Segment(0, 0x8048000, 0x1f8, 0x1f8, ElfSegmentFlags.Read),
            Segment(0x1000, 0x8049000, 0x94274, 0x94274, ElfSegmentFlags.Read | ElfSegmentFlags.Exec),
            Segment(0x96000, 0x80de000, 0x36d19, 0x36d19, ElfSegmentFlags.Read),
            Segment(0xcdb8c, 0x8115b8c, 0x37ac, 0x6ae8e4, ElfSegmentFlags.Read | ElfSegmentFlags.Write),
            new ElfSegment(ElfSegmentType.GnuStack, ElfSegmentFlags.Read | ElfSegmentFlags.Write, 0, 0, 0, 0, 16),
        ], null),
        229, [0x8084000, 0x8083000, 0x8050000, 0x808a000, 0x8049000, 0x804a000, 0x8086000, 0x804e000, 0x8088000, 0x8055000, 0x808b000],
        [0x87c5000, 0x87c4000, 0x8118000, 0x87c3000],
        new(0x80de3c8, 0x80de483, 0x80de48e, 0x80de47c, 0x80f9ab5));

    /// <summary>Executes the recorder, forks, and goes on in the child until execve.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="layoutCase">The recording's case: 1 has three more arguments.</param>
    /// <param name="hasEnvironment">The program gets an environment.</param>
    /// <returns>The child.</returns>
    /// <exception cref="InvalidOperationException">The machine cannot do it.</exception>
    public int Fork(Machine machine, int layoutCase, bool hasEnvironment)
    {
        Cpu cpu = machine.Cpus[0];
        int symbol = machine.Journal.Intern(Path);
        for (long pgoff = 0; pgoff < FilePages; pgoff++)
        {
            machine.Virtual.Faults.ReadPage(symbol, pgoff, cpu, cause: -1);
        }
        int recorder = machine.Virtual.Processes.Create("init", cpu, cause: -1);
        ExecResult result = machine.Virtual.Programs.Execute(
            recorder, Path, new ProgramArguments(Path.Length, [Path.Length], []), new OneFile(new ProgramFile(Path, Image)), cpu, cause: -1);
        ulong heap = machine.State.Virtual.Spaces[recorder].StartBrk;
        machine.Virtual.Mapping.Brk(recorder, heap + HeapBytes, cpu, cause: -1);
        ulong stack = result.Start?.StackPointer ?? throw new InvalidOperationException($"The recorder cannot be executed: {result.Error}.");
        foreach (ulong page in WrittenPages)
        {
            Touch(machine, recorder, page, AccessKind.Store);
        }
        int child = checked((int)machine.Virtual.Processes.Fork(recorder, "init", cpu, cause: -1));
        foreach (ulong page in CodePages)
        {
            Touch(machine, child, page, AccessKind.Fetch);
        }
        foreach (ulong page in WrittenPages.Append(stack))
        {
            Touch(machine, child, page, AccessKind.Store);
        }
        foreach (ulong text in Constants(layoutCase, hasEnvironment))
        {
            Touch(machine, child, text, AccessKind.Load);
        }
        return child;
    }

    /// <summary>What execve reads of the recorder's constants, to copy them.</summary>
    private IEnumerable<ulong> Constants(int layoutCase, bool hasEnvironment)
    {
        if (hasEnvironment)
        {
            yield return Strings.Term;
            yield return Strings.Home;
        }
        if (layoutCase == SomeArguments)
        {
            yield return Strings.Empty;
            yield return Strings.Second;
            yield return Strings.One;
        }
    }

    private static void Touch(Machine machine, int pid, ulong address, AccessKind kind)
    {
        AddressSpaces spaces = machine.State.Virtual.Spaces;
        PteFlags entry = (PteFlags)spaces.Tables.ReadPte(spaces[pid].Root, address);
        bool present = (entry & PteFlags.Present) != 0, write = kind == AccessKind.Store;
        if (present && (!write || (entry & PteFlags.Write) != 0))
        {
            return;
        }
        PageFaultErrorCode code = PageFaultErrorCode.User | (present ? PageFaultErrorCode.Protection : 0) | (write ? PageFaultErrorCode.Write : 0);
        if (machine.Virtual.Faults.Handle(pid, address, code, machine.Cpus[0], cause: -1, out _) != FaultResult.Resolved)
        {
            throw new InvalidOperationException($"The recorder has no page at 0x{address:x}.");
        }
    }

    private static ElfSegment Segment(ulong offset, ulong address, ulong fileBytes, ulong memoryBytes, ElfSegmentFlags flags) =>
        new(ElfSegmentType.Load, flags, offset, address, fileBytes, memoryBytes, 0x1000);

    private sealed class OneFile(ProgramFile file) : IProgramFiles
    {
        public ProgramFile? Open(string path) => file;
    }
}
