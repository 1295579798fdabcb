namespace Sim.Kernel.Tasks;

/// <summary>One task: the part of <c>task_struct</c> that is simulated. Its memory is the address space of the same pid, except after vfork.</summary>
public struct TaskInfo
{
    /// <summary>Number; 0 for an unused entry.</summary>
    public int Pid;

    /// <summary>Name of the program, a symbol (<c>comm</c>).</summary>
    public int Comm;

    /// <summary>Next task of the run queue it is on; 0 for the last.</summary>
    public int Next;

    /// <summary>Who made it by fork and will ask how it ended; 0 for a task without parent, which nobody asks for.</summary>
    public int Parent;

    /// <summary>Children that it has not asked for yet, zombies included.</summary>
    public int Children;

    /// <summary>The child for whose end it sleeps: its pid, -1 for any; 0 when it does not.</summary>
    public int WaitsFor;

    /// <summary>The process whose address space it is in: itself, or its parent after vfork (<c>mm</c>).</summary>
    public int Mm;

    /// <summary>What it passed to exit.</summary>
    public int ExitCode;

    /// <summary>First frame of its kernel stack (<c>stack</c>); -1 when it has been given back.</summary>
    public long StackPfn;

    /// <summary>How often a CPU switched to it.</summary>
    public long Switches;

    /// <summary>What it does.</summary>
    public TaskState State;

    /// <summary>CPU it runs on.</summary>
    public byte Cpu;

    /// <summary>Signal that killed it, or 0.</summary>
    public byte Signal;
}
