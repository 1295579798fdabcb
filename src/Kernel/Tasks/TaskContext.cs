using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Faults;
using Sim.Kernel.Syscalls;

namespace Sim.Kernel.Tasks;

/// <summary>
/// A running task's way to its CPU and to the kernel; one per CPU, valid during <see cref="IProgram.Step"/>. Page faults are
/// resolved here, or end the task.
/// </summary>
public sealed class TaskContext
{
    private readonly PageFaultHandler _faults;
    private readonly Journal _journal;

    internal TaskContext(Cpu cpu, VirtualMemory kernel, Journal journal)
    {
        Cpu = cpu;
        Calls = kernel.Calls;
        SegmentCalls = kernel.SegmentCalls;
        Segments = kernel.Segments;
        _faults = kernel.Faults;
        _journal = journal;
    }

    /// <summary>The CPU it runs on.</summary>
    public Cpu Cpu { get; }

    /// <summary>The system calls.</summary>
    public SystemCalls Calls { get; }

    /// <summary>The system calls about segments.</summary>
    public SegmentCalls SegmentCalls { get; }

    /// <summary>Segments that are not flat.</summary>
    internal TaskSegments Segments { get; }

    /// <summary>The task.</summary>
    public int Pid { get; private set; }

    /// <summary>The process whose address space it is in: the task itself, or its parent after vfork.</summary>
    public int Mm { get; private set; }

    /// <summary>Time at which the program is to return, in picoseconds.</summary>
    public long UntilPs { get; private set; }

    /// <summary>Signal that has killed the task; 0 for none.</summary>
    public int KilledBy { get; private set; }

    /// <summary>The task has to sleep before it can go on: the access under way, or the call, is made again afterwards.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>True when the program is to return: its time is up, it has to sleep, or a signal has killed the task.</summary>
    public bool IsOver => KilledBy != 0 || IsBlocked || Cpu.TimePs >= UntilPs;

    /// <summary>Accesses of the batch under way that have completed.</summary>
    public int Completed { get; private set; }

    /// <summary>It sleeps until somebody wakes it, however long that takes.</summary>
    internal bool SleepsUntilWoken { get; private set; }

    /// <summary>The execve by which it left its parent's address space.</summary>
    internal long LeftBy { get; private set; }

    /// <summary>The entry into the kernel at which the task has to sleep.</summary>
    internal long BlockedBy { get; private set; }

    /// <summary>Set by a program that returns <see cref="ProgramStatus.Sleeping"/>: for how long, in picoseconds.</summary>
    public long SleepPs { get; set; }

    /// <summary>Set by a program that returns <see cref="ProgramStatus.Exited"/>.</summary>
    public int ExitCode { get; set; }

    /// <summary>
    /// Makes accesses in order and resolves their faults, until the batch ends or <see cref="IsOver"/>.
    /// </summary>
    /// <returns>How many completed; fewer than asked when it is over.</returns>
    public int Run(ReadOnlySpan<MemoryAccess> batch)
    {
        int done = 0;
        while (done < batch.Length && KilledBy == 0 && !IsBlocked)
        {
            done += Cpu.Run(batch[done..], UntilPs, out PageFault fault);
            if (!fault.Raised)
            {
                break;
            }
            Completed = done;
            OnException(in fault);
        }
        return done;
    }

    /// <summary>Makes one access, whatever the time; false when it killed the task, or has to be made again after a sleep.</summary>
    public bool Access(ulong address, int size, AccessKind kind, SegmentRegister segment = SegmentRegister.Default)
    {
        var access = new MemoryAccess(address, size, kind) { Segment = segment };
        while (KilledBy == 0 && !IsBlocked)
        {
            AccessResult result = Cpu.Access(in access);
            if (result.Completed)
            {
                return true;
            }
            PageFault fault = result.Fault;
            OnException(in fault);
        }
        return false;
    }

    /// <summary>Loads a segment register; false when that raised an exception, which killed the task.</summary>
    public bool LoadSegment(SegmentRegister register, ushort selector)
    {
        SegmentFault fault = Cpu.LoadSegment(register, selector, -1);
        if (fault.Raised)
        {
            OnException(new PageFault { Vector = fault.Vector, ErrorCode = fault.ErrorCode });
        }
        return !fault.Raised;
    }

    /// <summary>
    /// Lets the kernel, on the task's behalf, read or write user memory; its faults are resolved as the task's own
    /// (<c>copy_to_user</c>, <c>copy_from_user</c>).
    /// </summary>
    /// <returns>Bytes not copied: 0, or what is left from the first byte that cannot be accessed.</returns>
    internal long CopyUser(ulong address, long length, bool write, long perPagePs, long cause)
    {
        while (length > 0)
        {
            int size = (int)Math.Min(length, 4096 - (long)(address & 0xfff));
            var access = new MemoryAccess(address, size, write ? AccessKind.Store : AccessKind.Load);
            Cpu.Charge(perPagePs);
            AccessResult result = Cpu.Access(in access);
            while (!result.Completed)
            {
                if (!ResolveInKernel(result.Fault, cause))
                {
                    return length;
                }
                result = Cpu.Access(in access);
            }
            address += (ulong)size;
            length -= size;
        }
        return 0;
    }

    internal void Begin(int pid, int mm, long untilPs)
    {
        Pid = pid;
        Mm = mm;
        SleepsUntilWoken = false;
        UntilPs = untilPs;
        KilledBy = 0;
        IsBlocked = false;
        SleepPs = 0;
        ExitCode = 0;
    }

    /// <summary>The task sleeps in the kernel, in the call that entered there, and makes the call anew when it is woken.</summary>
    public void Block(long entry)
    {
        IsBlocked = true;
        BlockedBy = entry;
    }

    /// <summary>The task sleeps until somebody wakes it, not until a time.</summary>
    internal void SleepUntilWoken(long entry)
    {
        Block(entry);
        SleepsUntilWoken = true;
    }

    /// <summary>After execve a task that vfork made is in an address space of its own.</summary>
    internal void LeaveLentMemory(int mm, long cause)
    {
        Mm = mm;
        LeftBy = cause;
    }

    /// <summary>The task ends with a signal when the kernel returns to it.</summary>
    internal void Kill(int signal) => KilledBy = signal;

    /// <summary>A fault of the program itself. A killed task stays in the kernel, which ends it.</summary>
    private void OnException(in PageFault fault)
    {
        EventHeader entry = Cpu.EnterKernel(EntryKind.Exception, fault.Vector, fault.ErrorCode, fault.Address, -1);
        if (fault.Vector is ExceptionVector.SegmentNotPresent or ExceptionVector.StackFault)
        {
            // SIGBUS, as exc_segment_not_present and exc_stack_segment have it (arch/x86/kernel/traps.c).
            Bus(fault.Address, entry.Sequence);
            return;
        }
        if (fault.Vector != ExceptionVector.PageFault)
        {
            Segv(fault.Address, SegvCode.Kernel, fault.ErrorCode, entry.Sequence);
            return;
        }
        switch (_faults.Handle(Mm, fault.Address, fault.Code, Cpu, entry.Sequence, out SegvCode code))
        {
            case FaultResult.Resolved:
                Cpu.ReturnToUser(entry.Sequence);
                break;
            case FaultResult.Segv:
                Segv(fault.Address, code, fault.ErrorCode, entry.Sequence);
                break;
            case FaultResult.Bus:
                Bus(fault.Address, entry.Sequence);
                break;
            case FaultResult.Blocked:
                IsBlocked = true;
                BlockedBy = entry.Sequence;
                break;
            default:
                OutOfMemory(fault.Address, entry.Sequence);
                break;
        }
    }

    private bool ResolveInKernel(PageFault fault, long cause)
    {
        if (fault.Vector != ExceptionVector.PageFault)
        {
            return false;
        }
        EventHeader entry = Cpu.EnterKernel(EntryKind.Exception, fault.Vector, fault.ErrorCode, fault.Address, cause);
        FaultResult result = _faults.Handle(Mm, fault.Address, fault.Code, Cpu, entry.Sequence, out _);
        if (result == FaultResult.OutOfMemory)
        {
            OutOfMemory(fault.Address, entry.Sequence);
        }
        if (result == FaultResult.Blocked)
        {
            IsBlocked = true;
            BlockedBy = entry.Sequence;
        }
        Cpu.ReturnToKernel(entry.Sequence);
        return result == FaultResult.Resolved;
    }

    private void Segv(ulong address, SegvCode code, int errorCode, long cause)
    {
        var e = new FaultSegv(Pid, (long)address, code, errorCode);
        _journal.Emit(in e, cause);
        Kill(Signal.Segv);
    }

    private void Bus(ulong address, long cause)
    {
        var e = new FaultBus(Pid, (long)address);
        _journal.Emit(in e, cause);
        Kill(Signal.Bus);
    }

    private void OutOfMemory(ulong address, long cause)
    {
        var e = new FaultOom(Pid, (long)(address >> 12));
        _journal.Emit(in e, cause);
        Kill(Signal.Kill);
    }
}
