using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Syscalls;

/// <summary>The way of a system call into the kernel and back, with its result in the log.</summary>
/// <param name="journal">Where results go.</param>
internal sealed class SyscallGate(Journal journal)
{
    /// <summary>Into the kernel; tells the sequence of the entry.</summary>
    public long Enter(TaskContext task, int nr) => task.Cpu.EnterKernel(EntryKind.Syscall, nr, 0, 0, -1).Sequence;

    /// <summary>Back to the program; a task killed inside the call stays in the kernel, which ends it.</summary>
    public long Return(TaskContext task, int nr, ulong arg0, long arg1, long arg2, long result, long entry)
    {
        var e = new SyscallResult(task.Pid, nr, (long)arg0, arg1, arg2, result);
        journal.Emit(in e, entry);
        if (task.KilledBy == 0)
        {
            task.Cpu.ReturnToUser(entry);
        }
        return result;
    }
}
