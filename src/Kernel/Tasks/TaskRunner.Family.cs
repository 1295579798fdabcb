using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Syscalls;

namespace Sim.Kernel.Tasks;

/// <content>What parents and children do to each other: vfork and wait4.</content>
public sealed partial class TaskRunner
{
    /// <summary>
    /// vfork, as a running task makes it: the child goes on in the same address space, and the parent sleeps until the child executes
    /// a program or ends. The parent's program has to return when this has succeeded.
    /// </summary>
    /// <param name="parent">The running task.</param>
    /// <param name="program">What the child executes.</param>
    /// <returns>The child's pid, or minus ENOMEM.</returns>
    public long Vfork(TaskContext parent, IProgram program)
    {
        Cpu cpu = parent.Cpu;
        long entry = cpu.EnterKernel(EntryKind.Syscall, _numbers.Vfork, 0, 0, -1).Sequence;
        string comm = _journal.Symbols[_tasks[parent.Pid].Comm];
        long child = _kernel.Processes.Vfork(parent.Pid, comm, cpu, entry);
        var e = new SyscallResult(parent.Pid, _numbers.Vfork, 0, 0, 0, child);
        _journal.Emit(in e, entry);
        if (child < 0)
        {
            cpu.ReturnToUser(entry);
            return child;
        }
        // The table of local descriptors is the address space's, so the child has its parent's.
        _kernel.Segments.Fork(parent, (int)child, -1, entry);
        SleepFor(parent, (int)child, entry);
        return Launch((int)child, cpu.Id, program, entry);
    }

    /// <summary>
    /// wait4, as a running task makes it: lets go of a child that has ended. When none has, the task sleeps until one does and makes
    /// the call again.
    /// </summary>
    /// <param name="parent">The running task.</param>
    /// <param name="child">Which child; -1 for any.</param>
    /// <param name="hang">False for WNOHANG: not to sleep.</param>
    /// <param name="ended">How it ended; valid with its pid as result.</param>
    /// <returns>The child's pid; 0 when none has ended and it is not to sleep; minus ECHILD without such a child; minus ERESTARTSYS when it sleeps.</returns>
    public long Wait4(TaskContext parent, int child, bool hang, out TaskInfo ended)
    {
        Cpu cpu = parent.Cpu;
        long entry = cpu.EnterKernel(EntryKind.Syscall, _numbers.Wait4, 0, 0, -1).Sequence;
        bool any = false;
        for (int pid = _tasks.NextChild(parent.Pid, 0); pid != 0; pid = _tasks.NextChild(parent.Pid, pid))
        {
            if (child != -1 && pid != child)
            {
                continue;
            }
            any = true;
            if (_tasks[pid].State == TaskState.Zombie)
            {
                ended = _tasks[pid];
                _kernel.Processes.Reap(pid, entry);
                return WaitResult(parent, child, pid, entry);
            }
        }
        ended = default;
        if (any && hang)
        {
            SleepFor(parent, child, entry);
            return -(long)Errno.ERESTARTSYS;
        }
        return WaitResult(parent, child, any ? 0 : -(long)Errno.ECHILD, entry);
    }

    private long WaitResult(TaskContext parent, int child, long result, long entry)
    {
        var e = new SyscallResult(parent.Pid, _numbers.Wait4, child, 0, 0, result);
        _journal.Emit(in e, entry);
        parent.Cpu.ReturnToUser(entry);
        return result;
    }

    private void SleepFor(TaskContext parent, int child, long entry)
    {
        var wait = new TaskWait(parent.Pid, child);
        EventHeader header = _journal.Emit(in wait, entry);
        _tasks.Apply(in wait, in header);
        parent.SleepUntilWoken(header.Sequence);
    }

    /// <summary>The child has left its parent's address space, or ended: a parent that sleeps for that runs again.</summary>
    private void WakeParent(TaskContext child, long cause)
    {
        TaskInfo parent = _tasks[_tasks[child.Pid].Parent];
        if (parent.WaitsFor != child.Pid && parent.WaitsFor != -1)
        {
            return;
        }
        // Whoever sleeps for a child's end is not woken by its execve.
        if (parent.State == TaskState.DiskSleep || (parent.State == TaskState.Sleeping && _tasks[child.Pid].State == TaskState.Zombie))
        {
            var e = new TaskWake(parent.Pid, _fair.PlaceWoken(parent.Cpu, parent.VruntimeNs, RanNs(_contexts[parent.Cpu].Cpu)));
            EventHeader header = _journal.Emit(in e, cause);
            _tasks.Apply(in e, in header);
            Arm(parent.Cpu, header.Sequence);
        }
    }

    /// <summary>A child is in the task's address space.</summary>
    private bool IsLending(int pid) => _tasks[pid].WaitsFor is > 0 and int child && _tasks[child].Mm == _tasks[pid].Mm;

    /// <summary>While a child is in the task's address space the task does not run: waking and killing it means the child.</summary>
    private int WhoRunsIn(int pid)
    {
        while (_tasks[pid].State == TaskState.DiskSleep && IsLending(pid))
        {
            pid = _tasks[pid].WaitsFor;
        }
        return pid;
    }
}
