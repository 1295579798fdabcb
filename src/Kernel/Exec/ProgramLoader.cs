using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Syscalls;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Exec;

/// <summary>
/// Executes programs: gives a process an empty address space and lays out the new program in it as Linux 6.1 does without
/// randomisation (<c>norandmaps</c>): strings and stack (fs/exec.c), segments, heap and auxiliary vector
/// (<c>load_elf_binary</c>, fs/binfmt_elf.c), vdso (arch/x86/entry/vdso/vma.c). What can fail before the kernel's point of no
/// return fails with the old program untouched. The old address space goes before the new one is filled, where the kernel
/// fills the new stack first: the same pages, allocated in another order.
/// </summary>
public sealed class ProgramLoader
{
    // TASK_COMM_LEN without the NUL.
    private const int CommLength = 15;

    private readonly AddressSpaces _spaces;
    private readonly TaskTable _tasks;
    private readonly MappingCalls _mapping;
    private readonly PageFaultHandler _faults;
    private readonly PageAllocator _allocator;
    private readonly TlbConsistency _tlb;
    private readonly Journal _journal;
    private readonly PageTableMaker _newTables;
    private readonly KernelProfile _profile;
    private readonly int _execve;
    private readonly long _stackLimitBytes, _execPs;

    /// <param name="state">Address spaces and tasks.</param>
    /// <param name="options">The kernel.</param>
    /// <param name="mapping">Maps and unmaps.</param>
    /// <param name="faults">Gives pages to what the kernel writes.</param>
    /// <param name="allocator">Gives the top-level page table, takes what the old program held.</param>
    /// <param name="tlb">Loads the new address space.</param>
    /// <param name="journal">Where decisions go.</param>
    public ProgramLoader(
        VirtualMemoryState state, KernelOptions options, MappingCalls mapping, PageFaultHandler faults, PageAllocator allocator,
        TlbConsistency tlb, Journal journal)
    {
        _spaces = state.Spaces;
        _tasks = state.Tasks;
        _mapping = mapping;
        _faults = faults;
        _allocator = allocator;
        _tlb = tlb;
        _journal = journal;
        _stackLimitBytes = options.Mm.StackLimitBytes;
        _newTables = new PageTableMaker(_spaces, allocator, journal, options.MmCosts);
        _execPs = options.MmCosts.TaskNs * 1000L;
        _execve = SyscallNumbers.Of(options.Profile).Execve;
        _profile = options.Profile;
    }

    /// <summary>What the kernel's own programs find around them.</summary>
    public ProgramAbi Abi => ProgramAbi.Of(_profile);

    /// <summary>The kernel executes programs of this width: x86-64 both, i386 its own.</summary>
    public bool Executes(ElfClass elfClass) => ProgramAbi.Of(_profile, elfClass) is not null;

    /// <summary>
    /// execve, without the way into the kernel. ENOENT: no such file, or no such interpreter. ENOEXEC: no program of this
    /// kernel. ELIBBAD: its interpreter is none. E2BIG: too long arguments. ENOMEM: no memory. After the old program is gone:
    /// EINVAL, EEXIST, ENOMEM, EFAULT for segments that cannot be mapped where the file wants them.
    /// </summary>
    /// <param name="pid">The process.</param>
    /// <param name="path">Path of the program.</param>
    /// <param name="arguments">Its strings.</param>
    /// <param name="files">Where files are.</param>
    /// <param name="cpu">The CPU; it runs the process, or no CPU does.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    public ExecResult Execute(int pid, string path, ProgramArguments arguments, IProgramFiles files, Cpu cpu, long cause)
    {
        cpu.Charge(_execPs);
        int owner = _tasks[pid].Mm;
        long stackLimitBytes = _spaces[owner].Limits?.StackBytes ?? _stackLimitBytes;
        Errno error = Open(path, files, out ProgramFile? program, out ProgramFile? interpreter, out ProgramAbi abi);
        if (error == Errno.None)
        {
            error = arguments.Check(stackLimitBytes, abi.KernelWordBytes);
        }
        if (error != Errno.None)
        {
            return new ExecResult(error, null, IsFatal: false);
        }
        long root = _allocator.AllocPages(0, GfpFlags.Kernel | GfpFlags.Zero, pid, cpu, cause);
        if (root < 0)
        {
            return new ExecResult(Errno.ENOMEM, null, IsFatal: false);
        }
        bool readImpliesExec = _spaces[owner].ReadImpliesExec && abi.Class == ElfClass.Elf32;
        long begin = owner == pid
            ? Begin(pid, program!.Name, root, cpu, cause)
            : BeginApart(pid, owner, program!.Name, root, readImpliesExec, cpu, cause);
        if (abi.IsCompat)
        {
            _mapping.SetCompat(pid, stackLimitBytes, begin);
            if (readImpliesExec)
            {
                _mapping.SetReadImpliesExec(pid, begin);
            }
        }
        var loading = new ProgramLoading(_spaces, _mapping, _faults, _allocator, _journal, abi, stackLimitBytes, pid, cpu, begin);
        ProgramStart? start = null;
        _faults.MaySleep = false;
        error = _newTables.MakeFirst(_spaces[pid], cpu, begin) ? loading.Load(program, interpreter, arguments, out start) : Errno.ENOMEM;
        _faults.MaySleep = true;
        return new ExecResult(error, start, IsFatal: error != Errno.None);
    }

    /// <summary>
    /// execve as a running task makes it. When it fails after the old program is gone, the task is killed with SIGSEGV
    /// (<c>bprm_execve</c>, fs/exec.c).
    /// </summary>
    /// <returns>How the program begins; null and minus an errno in <paramref name="result"/> when it failed.</returns>
    public ProgramStart? Execve(TaskContext task, string path, ProgramArguments arguments, IProgramFiles files, out long result)
    {
        long entry = task.Cpu.EnterKernel(EntryKind.Syscall, _execve, 0, 0, -1).Sequence;
        ExecResult executed = Execute(task.Pid, path, arguments, files, task.Cpu, entry);
        result = -(long)executed.Error;
        var done = new SyscallResult(task.Pid, _execve, 0, arguments.ArgumentBytes.Count, arguments.EnvironmentBytes.Count, result);
        _journal.Emit(in done, entry);
        task.LeaveLentMemory(_tasks[task.Pid].Mm, entry);
        if (executed.Start is not null)
        {
            task.Segments.Exec(task, entry);
        }
        if (executed.IsFatal)
        {
            task.Kill(Signal.Segv);
        }
        else
        {
            task.Cpu.ReturnToUser(entry);
        }
        return executed.Start;
    }

    /// <summary>A task that vfork made leaves its parent's address space for one of its own; limits and personality are its parent's.</summary>
    private long BeginApart(int pid, int owner, string name, long root, bool readImpliesExec, Cpu cpu, long cause)
    {
        AddressSpace parent = _spaces[owner];
        bool loaded = cpu.Root == parent.Root;
        var begin = new ExecBegin(pid, _journal.Intern(name), root, owner);
        EventHeader header = _journal.Emit(in begin, cause);
        _spaces.Apply(in begin, in header);
        var own = new TaskMm(pid, pid);
        EventHeader left = _journal.Emit(in own, header.Sequence);
        _tasks.Apply(in own, in left);
        if (readImpliesExec)
        {
            _mapping.SetReadImpliesExec(pid, header.Sequence);
        }
        Rename(pid, name, header.Sequence);
        if (loaded)
        {
            _tlb.Load(cpu, _spaces[pid], header.Sequence);
        }
        return header.Sequence;
    }

    private void Rename(int pid, string name, long cause)
    {
        string comm = name[(name.LastIndexOf('/') + 1)..];
        var task = new TaskExec(pid, _journal.Intern(comm[..Math.Min(comm.Length, CommLength)]));
        EventHeader named = _journal.Emit(in task, cause);
        _tasks.Apply(in task, in named);
    }

    private Errno Open(string path, IProgramFiles files, out ProgramFile? program, out ProgramFile? interpreter, out ProgramAbi abi)
    {
        interpreter = null;
        abi = Abi;
        try
        {
            program = files.Open(path);
        }
        catch (ElfFormatException e)
        {
            program = null;
            return e.Error;
        }
        if (program is null)
        {
            return Errno.ENOENT;
        }
        if (ProgramAbi.Of(_profile, program.Image.Class) is not { } ofItsClass)
        {
            return Errno.ENOEXEC;
        }
        abi = ofItsClass;
        if (program.Image.Interpreter is not { } loader)
        {
            return Errno.None;
        }
        try
        {
            interpreter = files.Open(loader);
        }
        catch (ElfFormatException)
        {
            return Errno.ELIBBAD;
        }
        return interpreter is null ? Errno.ENOENT : interpreter.Image.Class != abi.Class ? Errno.ELIBBAD : Errno.None;
    }

    /// <summary>The point of no return (<c>begin_new_exec</c>): the old address space ends, the new one is loaded where the old one was.</summary>
    private long Begin(int pid, string name, long root, Cpu cpu, long cause)
    {
        bool loaded = cpu.Root == _spaces[pid].Root;
        // What CPUs remember of the pid is the old program's from now on.
        _tlb.Leave(_spaces[pid], cpu, cause);
        var begin = new ExecBegin(pid, _journal.Intern(name), root, pid);
        EventHeader header = _journal.Emit(in begin, cause);
        _spaces.Apply(in begin, in header);
        FrameList released = _spaces.Released;
        for (int i = 0; i < released.Count; i++)
        {
            _allocator.FreePages(released[i], _allocator.State.Frames[released[i]].Order, cpu, header.Sequence);
        }
        Rename(pid, name, header.Sequence);
        if (loaded)
        {
            _tlb.Load(cpu, _spaces[pid], header.Sequence);
        }
        return header.Sequence;
    }
}
