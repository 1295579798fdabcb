namespace Sim.Kernel.Tasks;

/// <summary>What a task does; the kernel's letters of <c>/proc/PID/status</c> in the comments.</summary>
public enum TaskState : byte
{
    /// <summary>There is no such task.</summary>
    None,

    /// <summary>On a CPU or waiting for one (R).</summary>
    Running,

    /// <summary>Waiting for an event (S).</summary>
    Sleeping,

    /// <summary>Has ended (X).</summary>
    Dead,

    /// <summary>Waiting for a page to be read, for memory, or for a child that has its address space (D).</summary>
    DiskSleep,

    /// <summary>Has ended, and its parent has not asked how (Z).</summary>
    Zombie,
}
