namespace Sim.Host.Experiments;

/// <summary>Costs of a core, in core cycles.</summary>
public sealed record CpuSettings
{
    [Setting("Charged per instruction fetch.", Min = 0, Max = 1_000_000)]
    public int CyclesPerInstruction { get; init; } = 1;

    [Setting("From the syscall instruction to the first instruction of the handler.", Min = 0, Max = 1_000_000)]
    public int SyscallEntryCycles { get; init; } = 100;

    [Setting("From a fault to the first instruction of the handler.", Min = 0, Max = 1_000_000)]
    public int ExceptionEntryCycles { get; init; } = 400;

    [Setting("From an interrupt to the first instruction of the handler.", Min = 0, Max = 1_000_000)]
    public int InterruptEntryCycles { get; init; } = 500;

    [Setting("Return from a system call.", Min = 0, Max = 1_000_000)]
    public int SyscallReturnCycles { get; init; } = 80;

    [Setting("Return from an exception or interrupt.", Min = 0, Max = 1_000_000)]
    public int InterruptReturnCycles { get; init; } = 300;

    [Setting("A write of CR3, without the misses that follow.", Min = 0, Max = 1_000_000)]
    public int LoadRootCycles { get; init; } = 150;

    [Setting("One INVLPG.", Min = 0, Max = 1_000_000)]
    public int InvalidatePageCycles { get; init; } = 150;
}
