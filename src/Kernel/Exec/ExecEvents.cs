using Sim.Engine.Events;

namespace Sim.Kernel.Exec;

/// <summary>A process left its address space, with all areas, pages and page tables, for an empty one (<c>exec_mmap</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="File">The program it executes.</param>
/// <param name="RootPfn">Frame of the new top-level page table.</param>
/// <param name="Parent">Whose limits it keeps: its own, or after vfork those of its parent, whose address space it left.</param>
[Event(140, "exec.begin")]
public readonly partial record struct ExecBegin(
    [Unit("pid")] int Pid,
    [Symbol] int File,
    [Unit("pfn")] long RootPfn,
    [Unit("pid")] int Parent);

/// <summary>Zeroed memory behind a segment's file bytes became an area, or extends the one before (<c>vm_brk_flags</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page.</param>
/// <param name="Pages">Length.</param>
/// <param name="Flags">The kernel's vm_flags.</param>
[Event(141, "exec.bss")]
public readonly partial record struct ExecBss(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages,
    [Unit("hex")] int Flags);

/// <summary>
/// From now on what a process may read it may execute too (<c>READ_IMPLIES_EXEC</c> of its personality): mappings, changed rights,
/// heap and zeroed memory. Children have it too, and on i386 what it executes.
/// </summary>
/// <param name="Pid">Process.</param>
[Event(234, "exec.personality")]
public readonly partial record struct ExecReadImpliesExec(
    [Unit("pid")] int Pid);

/// <summary>
/// A process on x86-64 executes a 32-bit program: its user space ends two pages below 4 GiB from now on (<c>set_personality_ia32</c>,
/// arch/x86/kernel/process_64.c). Children have it too; the next execve ends it.
/// </summary>
/// <param name="Pid">Process.</param>
/// <param name="MmapBase">Where top-down placement of its mappings starts (<c>mmap_compat_base</c>).</param>
[Event(239, "exec.compat")]
public readonly partial record struct ExecCompat(
    [Unit("pid")] int Pid,
    [Address] long MmapBase);

/// <summary>Where the parts of a new program are (<c>mm_struct</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="StartCode">First address of code.</param>
/// <param name="EndCode">End of code.</param>
/// <param name="StartData">Start of the last segment.</param>
/// <param name="EndData">End of what the file gives.</param>
/// <param name="ArgStart">First argument.</param>
/// <param name="EnvStart">End of the arguments, start of the environment.</param>
/// <param name="EnvEnd">End of the environment.</param>
[Event(142, "exec.layout")]
public readonly partial record struct ExecLayout(
    [Unit("pid")] int Pid,
    [Address] long StartCode,
    [Address] long EndCode,
    [Address] long StartData,
    [Address] long EndData,
    [Address] long ArgStart,
    [Address] long EnvStart,
    [Address] long EnvEnd);

/// <summary>A pair of the new program's auxiliary vector (<c>saved_auxv</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Type">AT_…</param>
/// <param name="Value">Its value.</param>
[Event(143, "exec.auxv")]
public readonly partial record struct ExecAuxv(
    [Unit("pid")] int Pid,
    AuxiliaryType Type,
    [Unit("hex")] long Value);

/// <summary>A task goes on with another program, whose name it takes (<c>sched_process_exec</c>).</summary>
/// <param name="Pid">The task.</param>
/// <param name="Comm">The program's name.</param>
[Event(144, "task.exec")]
public readonly partial record struct TaskExec(
    [Unit("pid")] int Pid,
    [Symbol] int Comm);
