using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tasks;

/// <summary>Makes and ends processes: kernel stack, address space, task (kernel/fork.c, kernel/exit.c).</summary>
public sealed class Processes
{
    private const GfpFlags KernelGfp = GfpFlags.Kernel | GfpFlags.Zero;

    private readonly AddressSpaces _spaces;
    private readonly TaskTable _tasks;
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly PageTableMaker _newTables;
    private readonly FairScheduling _fair;
    private readonly AddressSpaceFork _fork;
    private readonly int _stackOrder;
    private readonly long _taskPs;

    /// <param name="state">Address spaces and tasks.</param>
    /// <param name="allocator">Gives and takes frames.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="costs">Time the work takes.</param>
    /// <param name="limits">What bounds a child's memory.</param>
    /// <param name="tlb">Told when a parent's pages may not be written any more.</param>
    /// <param name="scheduling">How tasks share CPUs.</param>
    public Processes(
        VirtualMemoryState state, PageAllocator allocator, Journal journal, MmCosts costs, MemoryLimits limits, ITlbFlush tlb,
        TaskOptions? scheduling = null)
    {
        _spaces = state.Spaces;
        _tasks = state.Tasks;
        _allocator = allocator;
        _journal = journal;
        _taskPs = costs.TaskNs * 1000L;
        _fair = new FairScheduling(state.Tasks, scheduling ?? new TaskOptions());
        _newTables = new PageTableMaker(_spaces, allocator, journal, costs);
        _fork = new AddressSpaceFork(_spaces, _newTables, limits, journal, tlb, costs);
        // THREAD_SIZE: 16 KiB on x86-64, 8 KiB on i386.
        _stackOrder = _spaces.Layout.LongMode ? 2 : 1;
    }

    /// <summary>Makes a process with an empty address space and queues its task on a CPU.</summary>
    /// <param name="comm">Name of its program.</param>
    /// <param name="cpu">The CPU it will run on, charged the time.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    /// <param name="nice">Its nice value, -20 to 19.</param>
    /// <returns>Its pid, or -1 when there is no memory for it.</returns>
    public int Create(string comm, CpuClock cpu, long cause, int nice = 0)
    {
        cpu.Charge(_taskPs);
        int pid = _tasks.MaxPid + 1;
        long stack = _allocator.AllocPages(_stackOrder, KernelGfp, pid, cpu, cause);
        if (stack < 0)
        {
            return -1;
        }
        long root = _allocator.AllocPages(0, KernelGfp, pid, cpu, cause);
        if (root < 0)
        {
            _allocator.FreePages(stack, _stackOrder, cpu, cause);
            return -1;
        }
        long created = MakeTask(pid, comm, stack, cpu, cause, nice);
        var mm = new MmCreate(pid, root);
        EventHeader made = _journal.Emit(in mm, created);
        _spaces.Apply(in mm, in made);
        if (!_newTables.MakeFirst(_spaces[pid], cpu, made.Sequence))
        {
            Exit(pid, 0, 0, cpu, made.Sequence);
            return -1;
        }
        return pid;
    }

    /// <summary>Makes a child with a copy of a process's memory (<c>copy_process</c>, kernel/fork.c) and queues its task.</summary>
    /// <returns>Its pid, or minus ENOMEM.</returns>
    public long Fork(int parent, string comm, CpuClock cpu, long cause)
    {
        int child = Create(comm, cpu, cause, _tasks[parent].Nice);
        if (child < 0)
        {
            return -(long)Errno.ENOMEM;
        }
        if (!_fork.Copy(_spaces[_tasks[parent].Mm], _spaces[child], cpu, cause))
        {
            Exit(child, 0, 0, cpu, cause);
            return -(long)Errno.ENOMEM;
        }
        SetParent(child, parent, cause);
        return child;
    }

    /// <summary>
    /// Makes a child in its parent's own address space (CLONE_VM and CLONE_VFORK), where it stays until it executes a program or ends.
    /// </summary>
    /// <returns>Its pid, or minus ENOMEM.</returns>
    public long Vfork(int parent, string comm, CpuClock cpu, long cause)
    {
        cpu.Charge(_taskPs);
        int pid = _tasks.MaxPid + 1;
        long stack = _allocator.AllocPages(_stackOrder, KernelGfp, pid, cpu, cause);
        if (stack < 0)
        {
            return -(long)Errno.ENOMEM;
        }
        long created = MakeTask(pid, comm, stack, cpu, cause, _tasks[parent].Nice);
        SetParent(pid, parent, created);
        var mm = new TaskMm(pid, _tasks[parent].Mm);
        EventHeader header = _journal.Emit(in mm, created);
        _tasks.Apply(in mm, in header);
        return pid;
    }

    /// <summary>Makes a thread of the kernel, which sleeps until it is woken (<c>kthread_create</c>).</summary>
    /// <returns>Its pid.</returns>
    internal int CreateThread(string comm, int cpu, int nice, long cause)
    {
        int pid = PerTask<TaskInfo>.FirstThread - _tasks.Threads;
        var task = new TaskCreate(pid, _journal.Intern(comm), (byte)cpu, -1, (short)nice, 0);
        EventHeader header = _journal.Emit(in task, cause);
        _tasks.Apply(in task, in header);
        return pid;
    }

    /// <summary>Lets go of a child that has ended (<c>wait_task_zombie</c>).</summary>
    public void Reap(int pid, long cause)
    {
        var reap = new TaskReap(pid);
        EventHeader header = _journal.Emit(in reap, cause);
        _tasks.Apply(in reap, in header);
    }

    private long MakeTask(int pid, string comm, long stack, CpuClock cpu, long cause, int nice)
    {
        var task = new TaskCreate(
            pid, _journal.Intern(comm), (byte)cpu.Id, stack, (short)nice, _fair.PlaceNew(cpu.Id, TaskWeight.Of(nice)));
        EventHeader header = _journal.Emit(in task, cause);
        _tasks.Apply(in task, in header);
        return header.Sequence;
    }

    private void SetParent(int pid, int parent, long cause)
    {
        var e = new TaskParent(pid, parent);
        EventHeader header = _journal.Emit(in e, cause);
        _tasks.Apply(in e, in header);
    }

    /// <summary>Children of a task that ends have no parent from then on, and those that had ended are gone (<c>forget_original_parent</c>).</summary>
    private void LeaveChildren(int pid, long cause)
    {
        for (int child = _tasks.NextChild(pid, 0); child != 0; child = _tasks.NextChild(pid, child))
        {
            if (_tasks[child].State == TaskState.Zombie)
            {
                Reap(child, cause);
            }
            else
            {
                SetParent(child, 0, cause);
            }
        }
    }

    /// <summary>
    /// Ends a task that a CPU runs, and its address space, if that is its own, which no CPU may have loaded any more. What is left is a
    /// zombie until its parent asks for it, or nothing when it has no parent.
    /// </summary>
    public long Exit(int pid, int exitCode, int signal, CpuClock cpu, long cause)
    {
        cpu.Charge(_taskPs);
        var exit = new TaskExit(pid, exitCode, (byte)signal);
        EventHeader header = _journal.Emit(in exit, cause);
        _tasks.Apply(in exit, in header);
        LeaveChildren(pid, header.Sequence);
        if (_tasks[pid].Mm != pid)
        {
            var own = new TaskMm(pid, pid);
            EventHeader left = _journal.Emit(in own, header.Sequence);
            _tasks.Apply(in own, in left);
            return header.Sequence;
        }
        var mm = new MmExit(pid);
        EventHeader gone = _journal.Emit(in mm, header.Sequence);
        _spaces.Apply(in mm, in gone);
        FrameList released = _spaces.Released;
        for (int i = 0; i < released.Count; i++)
        {
            _allocator.FreePages(released[i], _allocator.State.Frames[released[i]].Order, cpu, gone.Sequence);
        }
        return header.Sequence;
    }

    /// <summary>Gives back the kernel stack of a task that no CPU runs any more.</summary>
    public void Release(long stackPfn, CpuClock cpu, long cause) => _allocator.FreePages(stackPfn, _stackOrder, cpu, cause);
}
