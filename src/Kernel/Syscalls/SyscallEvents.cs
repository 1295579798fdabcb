using Sim.Engine.Events;

namespace Sim.Kernel.Syscalls;

/// <summary>A system call is done; what it changed was logged between its <c>cpu.enter</c>, its cause, and this. Changes no state by itself.</summary>
/// <param name="Pid">The task.</param>
/// <param name="Nr">Number of the call.</param>
/// <param name="Arg0">First argument: an address.</param>
/// <param name="Arg1">Second argument: a length.</param>
/// <param name="Arg2">Third argument.</param>
/// <param name="Result">Result; negative for minus an errno.</param>
[Event(95, "syscall.result", Ignorable = true)]
public readonly partial record struct SyscallResult(
    [Unit("pid")] int Pid,
    int Nr,
    [Address] long Arg0,
    long Arg1,
    long Arg2,
    [Unit("hex")] long Result);
