namespace Sim.Hardware.Cpu;

/// <summary>
/// Costs of an in-order core, in core cycles. Defaults are round figures for a server core of the late 2010s with its
/// usual mitigations on; a cost is a parameter of the experiment, not a claim about one product.
/// </summary>
public sealed record CpuOptions
{
    /// <summary>Charged per instruction fetch.</summary>
    public int CyclesPerInstruction { get; init; } = 1;

    /// <summary>From the <c>syscall</c> instruction to the first instruction of the handler.</summary>
    public int SyscallEntryCycles { get; init; } = 100;

    /// <summary>From the fault to the first instruction of the handler.</summary>
    public int ExceptionEntryCycles { get; init; } = 400;

    /// <summary>From the interrupt to the first instruction of the handler.</summary>
    public int InterruptEntryCycles { get; init; } = 500;

    /// <summary>Return from a system call (<c>sysret</c>).</summary>
    public int SyscallReturnCycles { get; init; } = 80;

    /// <summary>Return from an exception or interrupt (<c>iret</c>).</summary>
    public int InterruptReturnCycles { get; init; } = 300;

    /// <summary>A write of CR3, without the misses that follow.</summary>
    public int LoadRootCycles { get; init; } = 150;

    /// <summary>One INVLPG.</summary>
    public int InvalidatePageCycles { get; init; } = 150;
}
