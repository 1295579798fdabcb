using Sim.Engine.Events;

namespace Sim.Kernel.Tasks;

/// <summary>A task was made and put last on its CPU's run queue.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Comm">Name of its program.</param>
/// <param name="Cpu">CPU it runs on.</param>
/// <param name="StackPfn">First frame of its kernel stack.</param>
[Event(91, "task.create")]
public readonly partial record struct TaskCreate(
    [Unit("pid")] int Pid,
    [Symbol] int Comm,
    byte Cpu,
    [Unit("pfn")] long StackPfn);

/// <summary>A CPU goes on with another task, or with none (sched_switch).</summary>
/// <param name="Cpu">The CPU.</param>
/// <param name="PrevState">What becomes of the task it leaves: running ones queue up again; none when the CPU was idle.</param>
/// <param name="Next">The task taken off the run queue; 0 for idle.</param>
[Event(92, "task.switch")]
public readonly partial record struct TaskSwitch(
    byte Cpu,
    TaskState PrevState,
    [Unit("pid")] int Next);

/// <summary>A sleeping task was put last on its CPU's run queue (sched_wakeup).</summary>
/// <param name="Pid">The task.</param>
[Event(93, "task.wake")]
public readonly partial record struct TaskWake(
    [Unit("pid")] int Pid);

/// <summary>A task ended; its CPU has yet to switch away from it.</summary>
/// <param name="Pid">The task.</param>
/// <param name="ExitCode">What it passed to exit.</param>
/// <param name="Signal">The signal that killed it; 0 when it ended by itself.</param>
[Event(94, "task.exit")]
public readonly partial record struct TaskExit(
    [Unit("pid")] int Pid,
    int ExitCode,
    byte Signal);
