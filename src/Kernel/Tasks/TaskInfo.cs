namespace Sim.Kernel.Tasks;

/// <summary>One task: the part of <c>task_struct</c> that is simulated. Its memory is the address space of the same pid, except after vfork.</summary>
public struct TaskInfo
{
    /// <summary>Number; 0 for an unused entry.</summary>
    public int Pid;

    /// <summary>Name of the program, a symbol (<c>comm</c>).</summary>
    public int Comm;

    /// <summary>Its share of a CPU beside others; see <see cref="TaskWeight"/>.</summary>
    public int Weight;

    /// <summary>Who made it by fork and will ask how it ended; 0 for a task without parent, which nobody asks for.</summary>
    public int Parent;

    /// <summary>Children that it has not asked for yet, zombies included.</summary>
    public int Children;

    /// <summary>The child for whose end it sleeps: its pid, -1 for any; 0 when it does not.</summary>
    public int WaitsFor;

    /// <summary>The process whose address space it is in: itself, or its parent after vfork (<c>mm</c>); 0 for a thread of the kernel, which has none.</summary>
    public int Mm;

    /// <summary>What it passed to exit.</summary>
    public int ExitCode;

    /// <summary>First frame of its kernel stack (<c>stack</c>); -1 when it has been given back.</summary>
    public long StackPfn;

    /// <summary>How often a CPU switched to it.</summary>
    public long Switches;

    /// <summary>Time it has run on CPUs up to the last switch away from it, in nanoseconds (<c>sum_exec_runtime</c>).</summary>
    public long RuntimeNs;

    /// <summary>That time, the slower the greater its weight: the least goes first, in nanoseconds (<c>vruntime</c>).</summary>
    public long VruntimeNs;

    /// <summary>How often it went to another CPU (<c>nr_migrations</c>).</summary>
    public int Migrations;

    /// <summary>What it does.</summary>
    public TaskState State;

    /// <summary>CPU it runs on.</summary>
    public byte Cpu;

    /// <summary>Its nice value, -20 to 19; children have their parent's.</summary>
    public short Nice;

    /// <summary>Signal that killed it, or 0.</summary>
    public byte Signal;
}
