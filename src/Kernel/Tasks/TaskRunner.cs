using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Syscalls;

namespace Sim.Kernel.Tasks;

/// <summary>
/// Runs tasks: each CPU takes the one of its own that is furthest behind its share, timer interrupts and tasks that wake up
/// make one that has had its part give way, and idle CPUs take tasks from busy ones. One dispatch is one stretch of at most a
/// quantum on one CPU. The programs are execution state; run queues and tasks are sourced.
/// </summary>
public sealed partial class TaskRunner : IComponent
{
    /// <summary>Message: CPU <c>A</c> goes on.</summary>
    public const ushort RunMessage = 1;

    /// <summary>Message: the sleep of task <c>A</c> is over.</summary>
    public const ushort WakeMessage = 2;

    /// <summary>Message: task <c>A</c> has waited long enough for a page or for memory, if it is still its wait number <c>B</c>.</summary>
    public const ushort TimeoutMessage = 3;

    /// <summary>Longest wait for memory (<c>HZ/2</c>, <c>VMSCAN_THROTTLE_NOPROGRESS</c>).</summary>
    private const long LongestWaitPs = 500_000_000_000;

    private const int TimerVector = 0xec;

    /// <summary>Asks a CPU to look at its run queue (<c>RESCHEDULE_VECTOR</c>).</summary>
    private const int RescheduleVector = 0xfd;

    private struct CpuRun
    {
        public long NextTickPs;
        public long SinceChargedPs;
        public bool Armed;
        public bool NeedResched;
    }

    private struct TaskRun
    {
        public IProgram? Program;
        public long Waits;
        public long LeftPs;
    }

    private readonly VirtualMemory _kernel;
    private readonly AddressSpaces _spaces;
    private readonly TaskTable _tasks;
    private readonly TaskContext[] _contexts;
    private readonly CpuRun[] _runs;
    private readonly Journal _journal;
    private readonly Scheduler _scheduler;
    private readonly SyscallNumbers _numbers;
    private readonly ushort _target;
    private readonly long _quantumPs, _tickPs, _tickCostPs, _switchPs;
    private readonly FairScheduling _fair;
    private readonly bool _balances;
    private readonly PerTask<TaskRun> _runsOf = new();

    internal TaskRunner(
        VirtualMemory kernel, KernelOptions options, Cpu[] cpus, Journal journal, Scheduler scheduler, long quantumPs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(quantumPs);
        _kernel = kernel;
        _spaces = kernel.State.Spaces;
        _tasks = kernel.State.Tasks;
        _journal = journal;
        _scheduler = scheduler;
        _numbers = SyscallNumbers.Of(options.Profile);
        _contexts = [.. cpus.Select(cpu => new TaskContext(cpu, kernel, journal))];
        _runs = new CpuRun[cpus.Length];
        _target = scheduler.Register(this);
        _quantumPs = quantumPs;
        _tickPs = 1_000_000_000_000 / options.Tasks.TimerHz;
        _tickCostPs = options.MmCosts.TickNs * 1000L;
        _switchPs = options.MmCosts.SwitchNs * 1000L;
        _fair = new FairScheduling(_tasks, options.Tasks);
        _balances = options.Tasks.Balance;
    }

    /// <summary>True when no program is left to run or to wake.</summary>
    public bool AllEnded => _tasks.Live == 0;

    /// <summary>Makes a process that executes a program.</summary>
    /// <param name="comm">Name of the program.</param>
    /// <param name="cpuId">The CPU it starts on.</param>
    /// <param name="program">What it executes.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    /// <param name="nice">Its nice value, -20 to 19.</param>
    /// <returns>Its pid, or -1 when there is no memory for it. Its address space is empty: map what the program starts with.</returns>
    public int Start(string comm, int cpuId, IProgram program, long cause, int nice = 0)
    {
        Cpu cpu = _contexts[cpuId].Cpu;
        cpu.BeginDispatch(_scheduler.NowPs);
        int pid = _kernel.Processes.Create(comm, cpu, cause, nice);
        return pid < 0 ? -1 : Launch(pid, cpuId, program, cause);
    }

    /// <summary>fork, as a running task makes it: the child has a copy of its memory, executes a program of its own, and runs on the same CPU.</summary>
    /// <param name="parent">The running task.</param>
    /// <param name="program">What the child executes.</param>
    /// <returns>The child's pid, or minus ENOMEM.</returns>
    public long Fork(TaskContext parent, IProgram program)
    {
        Cpu cpu = parent.Cpu;
        long entry = cpu.EnterKernel(EntryKind.Syscall, _numbers.Fork, 0, 0, -1).Sequence;
        string comm = _journal.Symbols[_tasks[parent.Pid].Comm];
        long ldt = _kernel.Segments.PrepareFork(parent.Mm, parent.Pid, cpu, entry);
        long child = ldt == TaskSegments.NoMemory ? -(long)Errno.ENOMEM : _kernel.Processes.Fork(parent.Pid, comm, cpu, entry);
        if (child >= 0)
        {
            _kernel.Segments.Fork(parent, (int)child, ldt, entry);
        }
        else
        {
            _kernel.Segments.CancelFork(parent.Mm, ldt, cpu, entry);
        }
        var e = new SyscallResult(parent.Pid, _numbers.Fork, 0, 0, 0, child);
        _journal.Emit(in e, entry);
        cpu.ReturnToUser(entry);
        return child < 0 ? child : Launch((int)child, cpu.Id, program, entry);
    }

    private int Launch(int pid, int cpuId, IProgram program, long cause)
    {
        _runsOf.Reserve(pid);
        _runsOf[pid] = new TaskRun { Program = program, LeftPs = _contexts[cpuId].Cpu.TimePs };
        Arm(cpuId, cause);
        _kernel.Khugepaged.Enter(_contexts[cpuId].Cpu, cause);
        return pid;
    }

    public void Handle(in Message message)
    {
        if (message.Kind == WakeMessage)
        {
            Wake((int)message.A, TaskState.Sleeping, message.Cause);
        }
        else if (message.Kind == TimeoutMessage)
        {
            if (_runsOf[(int)message.A].Waits == message.B)
            {
                Wake((int)message.A, TaskState.DiskSleep, message.Cause);
            }
        }
        else
        {
            Run((int)message.A, message.Cause);
        }
    }

    private void Run(int cpuId, long cause)
    {
        TaskContext context = _contexts[cpuId];
        Cpu cpu = context.Cpu;
        ref CpuRun run = ref _runs[cpuId];
        run.Armed = false;
        cpu.BeginDispatch(_scheduler.NowPs);
        if (_tasks.Current(cpuId) == 0)
        {
            if (_tasks.Queue(cpuId).Count == 0 && !Pull(cpu, cause))
            {
                return;
            }
            // The timer of an idle CPU stands still.
            run.NextTickPs = (cpu.TimePs / _tickPs + 1) * _tickPs;
            Switch(context, TaskState.None, cause);
        }
        long until = Math.Max(_scheduler.NowPs + _quantumPs, cpu.TimePs + 1);
        while (_tasks.Current(cpuId) != 0 && cpu.TimePs < until)
        {
            if (cpu.TimePs >= run.NextTickPs)
            {
                Tick(context);
                continue;
            }
            if (run.NeedResched)
            {
                run.NeedResched = false;
                if (_tasks.Queue(cpuId).Count != 0)
                {
                    Switch(context, TaskState.Running, cpu.EnterKernel(EntryKind.Interrupt, RescheduleVector, 0, 0, -1).Sequence);
                    continue;
                }
            }
            int pid = _tasks.Current(cpuId);
            int mm = _tasks[pid].Mm;
            context.Begin(pid, mm, Math.Min(until, run.NextTickPs));
            // All who share an address space die with it.
            if (_kernel.State.Oom is { } oom && (oom.IsVictim(pid) || oom.IsVictim(mm)))
            {
                // The signal is delivered on the way back to user mode.
                End(context, 0, Signal.Kill, cpu.EnterKernel(EntryKind.Interrupt, TimerVector, 0, 0, -1).Sequence);
                continue;
            }
            ProgramStatus status = _runsOf[pid].Program!.Step(context);
            if (mm != pid && context.Mm == pid)
            {
                WakeParent(context, context.LeftBy);
            }
            if (context.KilledBy != 0)
            {
                End(context, 0, context.KilledBy, -1);
            }
            else if (context.SleepsUntilWoken)
            {
                Switch(context, IsLending(pid) ? TaskState.DiskSleep : TaskState.Sleeping, context.BlockedBy);
            }
            else if (context.IsBlocked)
            {
                Block(context);
            }
            else if (status == ProgramStatus.Exited)
            {
                End(context, context.ExitCode, 0, cpu.EnterKernel(EntryKind.Syscall, _numbers.ExitGroup, 0, 0, -1).Sequence);
            }
            else if (status == ProgramStatus.Sleeping)
            {
                Sleep(context);
            }
        }
        if (_tasks.Current(cpuId) != 0)
        {
            Arm(cpuId, -1);
        }
    }

    private void Tick(TaskContext context)
    {
        Cpu cpu = context.Cpu;
        ref CpuRun run = ref _runs[cpu.Id];
        run.NextTickPs = (cpu.TimePs / _tickPs + 1) * _tickPs;
        bool user = cpu.Mode == CpuMode.User;
        long entry = cpu.EnterKernel(EntryKind.Interrupt, TimerVector, 0, 0, -1).Sequence;
        cpu.Charge(_tickCostPs);
        if (_tasks.Queue(cpu.Id).Count != 0 && _balances && IdleCpuFrom(cpu.Id) is var idle && idle >= 0)
        {
            // It will take one (nohz_balancer_kick).
            Arm(idle, entry);
        }
        if (_fair.IsSliceOver(cpu.Id, RanNs(cpu)))
        {
            Switch(context, TaskState.Running, entry);
        }
        else
        {
            ReturnFrom(cpu, user, entry);
        }
    }

    private void Sleep(TaskContext context)
    {
        Cpu cpu = context.Cpu;
        long entry = cpu.EnterKernel(EntryKind.Syscall, _numbers.Nanosleep, 0, 0, -1).Sequence;
        _scheduler.Schedule(cpu.TimePs + Math.Max(context.SleepPs, 0), _target, WakeMessage, entry, context.Pid);
        Switch(context, TaskState.Sleeping, entry);
    }

    /// <summary>The task waits for a page or for memory: whoever knows wakes it, or in the end the timer.</summary>
    private void Block(TaskContext context)
    {
        Cpu cpu = context.Cpu;
        _scheduler.Schedule(cpu.TimePs + LongestWaitPs, _target, TimeoutMessage, context.BlockedBy, context.Pid, ++_runsOf[context.Pid].Waits);
        Switch(context, TaskState.DiskSleep, context.BlockedBy);
    }

    /// <summary>Wakes a task that waits for a page or for memory.</summary>
    public void WakeBlocked(int pid, long cause) => Wake(WhoRunsIn(pid), TaskState.DiskSleep, cause);

    /// <summary>Has a task run that is to be killed, if it sleeps.</summary>
    public void WakeToDie(int pid, long cause)
    {
        pid = WhoRunsIn(pid);
        Wake(pid, TaskState.Sleeping, cause);
        Wake(pid, TaskState.DiskSleep, cause);
    }

    private void End(TaskContext context, int exitCode, int signal, long cause)
    {
        Cpu cpu = context.Cpu;
        int pid = context.Pid;
        long stack = _tasks[pid].StackPfn;
        if (context.Mm == pid)
        {
            _kernel.Tlb.Leave(_spaces[pid], cpu, cause);
        }
        long exit = _kernel.Processes.Exit(pid, exitCode, signal, cpu, cause);
        if (context.Mm == pid)
        {
            _kernel.Segments.Exit(pid, cpu, exit);
        }
        _runsOf[pid].Program = null;
        WakeParent(context, exit);
        Switch(context, TaskState.Dead, exit);
        _kernel.Processes.Release(stack, cpu, exit);
        _kernel.Reclaim?.MemoryFreed(cpu, exit);
    }

    /// <summary>
    /// From the present task, in the kernel, to the one with the least virtual runtime, in user mode unless it is a thread of the kernel;
    /// or to idle.
    /// </summary>
    private void Switch(TaskContext context, TaskState previous, long cause)
    {
        Cpu cpu = context.Cpu;
        if (_tasks.Queue(cpu.Id).Count == 0 && previous != TaskState.Running)
        {
            Pull(cpu, cause);
        }
        int next = _tasks.Queue(cpu.Id).First;
        if (next == 0 && previous == TaskState.None)
        {
            return;
        }
        int current = _tasks.Current(cpu.Id);
        long ranNs = RanNs(cpu);
        cpu.Charge(_switchPs);
        var e = new TaskSwitch((byte)cpu.Id, previous, next, current == 0 ? 0 : ranNs);
        EventHeader header = _journal.Emit(in e, cause);
        _tasks.Apply(in e, in header);
        ref CpuRun run = ref _runs[cpu.Id];
        run.SinceChargedPs = cpu.TimePs;
        run.NeedResched = false;
        if (current != 0)
        {
            _runsOf[current].LeftPs = cpu.TimePs;
        }
        bool program = next != 0 && !TaskTable.IsThread(next);
        if (program)
        {
            _kernel.Tlb.Load(cpu, _spaces[_tasks[next].Mm], header.Sequence);
        }
        else
        {
            _kernel.Tlb.EnterLazy(cpu, header.Sequence);
        }
        // Threads of the kernel use no segments of their own.
        int left = previous == TaskState.Dead || TaskTable.IsThread(current) ? 0 : current;
        _kernel.Segments.Switch(cpu, left, program ? next : 0, _tasks[next].Mm, header.Sequence);
        if (program)
        {
            cpu.ReturnToUser(header.Sequence);
        }
        else if (next != 0)
        {
            ReturnToThread(cpu, header.Sequence);
        }
    }

    private void Wake(int pid, TaskState from, long cause, int vector = TimerVector)
    {
        TaskInfo task = _tasks[pid];
        if (task.State != from)
        {
            return;
        }
        _runsOf[pid].Waits++;
        if (_balances && !_tasks.IsIdle(task.Cpu) && IdleCpuFrom(task.Cpu) is var idle && idle >= 0)
        {
            Migrate(pid, idle, cause);
            task = _tasks[pid];
        }
        TaskContext context = _contexts[task.Cpu];
        Cpu cpu = context.Cpu;
        cpu.BeginDispatch(_scheduler.NowPs);
        bool user = cpu.Mode == CpuMode.User;
        long entry = cpu.EnterKernel(EntryKind.Interrupt, vector, 0, 0, cause).Sequence;
        cpu.Charge(_tickCostPs);
        long ranNs = RanNs(cpu);
        var e = new TaskWake(pid, _fair.PlaceWoken(task.Cpu, task.VruntimeNs, ranNs));
        EventHeader header = _journal.Emit(in e, entry);
        _tasks.Apply(in e, in header);
        bool first = _tasks.Current(cpu.Id) != 0 && _fair.GoesFirst(_tasks[pid], cpu.Id, ranNs);
        if (first && user)
        {
            Switch(context, TaskState.Running, entry);
        }
        else
        {
            _runs[cpu.Id].NeedResched |= first;
            ReturnFrom(cpu, user, entry);
        }
        Arm(task.Cpu, header.Sequence);
    }

    /// <summary>How long the CPU's present task runs already, in nanoseconds.</summary>
    private long RanNs(Cpu cpu) => Math.Max(cpu.TimePs - _runs[cpu.Id].SinceChargedPs, 0) / 1000;

    /// <summary>The next CPU after one that has nothing to do, itself not counted; -1 when there is none.</summary>
    private int IdleCpuFrom(int cpuId)
    {
        for (int step = 1; step < _tasks.Cpus; step++)
        {
            int other = (cpuId + step) % _tasks.Cpus;
            if (_tasks.IsIdle(other))
            {
                return other;
            }
        }
        return -1;
    }

    /// <summary>A CPU that runs out of tasks takes the last one of the longest run queue (<c>newidle_balance</c>).</summary>
    private bool Pull(Cpu cpu, long cause)
    {
        int busiest = -1;
        for (int other = 0; _balances && other < _tasks.Cpus; other++)
        {
            int waiting = _tasks.Queue(other).Count;
            if (other != cpu.Id && waiting > 0 && _tasks.Current(other) != 0 && (busiest < 0 || waiting > _tasks.Queue(busiest).Count))
            {
                busiest = other;
            }
        }
        if (busiest < 0)
        {
            return false;
        }
        int pid = _tasks.Queue(busiest).Last;
        // CPUs run ahead of the clock each for itself: the task does not go back in time.
        cpu.BeginDispatch(_runsOf[pid].LeftPs);
        Migrate(pid, cpu.Id, cause);
        return true;
    }

    private void Migrate(int pid, int cpuId, long cause)
    {
        var e = new TaskMigrate(pid, (byte)cpuId, _fair.PlaceMigrated(_tasks[pid], cpuId));
        EventHeader header = _journal.Emit(in e, cause);
        _tasks.Apply(in e, in header);
    }

    private void Arm(int cpuId, long cause)
    {
        ref CpuRun run = ref _runs[cpuId];
        if (!run.Armed)
        {
            run.Armed = true;
            _scheduler.Schedule(Math.Max(_contexts[cpuId].Cpu.TimePs, _scheduler.NowPs), _target, RunMessage, cause, cpuId);
        }
    }
}
