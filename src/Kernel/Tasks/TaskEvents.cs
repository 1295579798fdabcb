using Sim.Engine.Events;

namespace Sim.Kernel.Tasks;

/// <summary>A task was made and put on its CPU's run queue; a thread of the kernel sleeps until it is woken.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Comm">Name of its program.</param>
/// <param name="Cpu">CPU it runs on.</param>
/// <param name="StackPfn">First frame of its kernel stack; -1 for a thread of the kernel, whose stack is of what the kernel took at boot.</param>
/// <param name="Nice">Its nice value, -20 to 19.</param>
/// <param name="VruntimeNs">Virtual runtime it starts with; the least goes first.</param>
[Event(91, "task.create")]
public readonly partial record struct TaskCreate(
    [Unit("pid")] int Pid,
    [Symbol] int Comm,
    byte Cpu,
    [Unit("pfn")] long StackPfn,
    short Nice,
    [Unit("ns")] long VruntimeNs);

/// <summary>A CPU goes on with another task, or with none (sched_switch).</summary>
/// <param name="Cpu">The CPU.</param>
/// <param name="PrevState">What becomes of the task it leaves: running ones queue up again; none when the CPU was idle.</param>
/// <param name="Next">The task taken off the run queue; 0 for idle.</param>
/// <param name="RanNs">How long the task that it leaves ran.</param>
[Event(92, "task.switch")]
public readonly partial record struct TaskSwitch(
    byte Cpu,
    TaskState PrevState,
    [Unit("pid")] int Next,
    [Unit("ns")] long RanNs);

/// <summary>A sleeping task was put on its CPU's run queue (sched_wakeup).</summary>
/// <param name="Pid">The task.</param>
/// <param name="VruntimeNs">Virtual runtime it goes on with.</param>
[Event(93, "task.wake")]
public readonly partial record struct TaskWake(
    [Unit("pid")] int Pid,
    [Unit("ns")] long VruntimeNs);

/// <summary>A task that does not run went to another CPU (sched_migrate_task).</summary>
/// <param name="Pid">The task.</param>
/// <param name="Cpu">The CPU it will run on.</param>
/// <param name="VruntimeNs">Its virtual runtime as counted there.</param>
[Event(229, "task.migrate")]
public readonly partial record struct TaskMigrate(
    [Unit("pid")] int Pid,
    byte Cpu,
    [Unit("ns")] long VruntimeNs);

/// <summary>A task has a parent, or has none any more because that one ended (<c>forget_original_parent</c>).</summary>
/// <param name="Pid">The task.</param>
/// <param name="Parent">Its parent; 0 for none.</param>
[Event(235, "task.parent")]
public readonly partial record struct TaskParent(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Parent);

/// <summary>A task is about to sleep until a child ends (<c>do_wait</c>) or leaves its address space (<c>wait_for_vfork_done</c>).</summary>
/// <param name="Pid">The task.</param>
/// <param name="Child">The child; -1 for any.</param>
[Event(236, "task.wait")]
public readonly partial record struct TaskWait(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Child);

/// <summary>Nothing is left of a task that had ended: its parent asked how, or ended too (<c>release_task</c>).</summary>
/// <param name="Pid">The task.</param>
[Event(237, "task.reap")]
public readonly partial record struct TaskReap(
    [Unit("pid")] int Pid);

/// <summary>A task goes on in another process's address space (vfork), or in its own (execve).</summary>
/// <param name="Pid">The task.</param>
/// <param name="Owner">Whose address space it is.</param>
[Event(238, "task.mm")]
public readonly partial record struct TaskMm(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Owner);

/// <summary>A task ended; its CPU has yet to switch away from it.</summary>
/// <param name="Pid">The task.</param>
/// <param name="ExitCode">What it passed to exit.</param>
/// <param name="Signal">The signal that killed it; 0 when it ended by itself.</param>
[Event(94, "task.exit")]
public readonly partial record struct TaskExit(
    [Unit("pid")] int Pid,
    int ExitCode,
    byte Signal);
