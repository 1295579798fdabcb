namespace Sim.Host.Traces;

/// <summary>
/// An area, a system call or a range of memory that the kernel touched, with its place among the accesses.
/// Arguments stand in the system call's own order; unused ones are zero.
/// </summary>
public struct TraceEvent
{
    /// <summary>How many accesses of the whole trace precede it.</summary>
    public ulong Position;

    /// <summary>What it is; never an access.</summary>
    public TraceRecordKind Kind;

    /// <summary>The thread that made the call, 1 for the first.</summary>
    public uint ThreadId;

    /// <summary>Number of the system call on x86-64; of a range, the call that the kernel touched it for; of an area, zero.</summary>
    public uint SyscallNumber;

    /// <summary>First argument; the start of an area or range.</summary>
    public ulong Argument0;

    /// <summary>Second argument; the length in bytes of an area or range.</summary>
    public ulong Argument1;

    /// <summary>Third argument.</summary>
    public ulong Argument2;

    /// <summary>Fourth argument.</summary>
    public ulong Argument3;

    /// <summary>Fifth argument.</summary>
    public ulong Argument4;

    /// <summary>Sixth argument.</summary>
    public ulong Argument5;

    /// <summary>What the kernel returned: a value, or the negated error number (−4095 to −1).</summary>
    public long Result;

    /// <summary>The file behind an area or mapping, for <see cref="TraceReader.Symbol"/>; −1 where there is none.</summary>
    public int SymbolId;

    /// <summary>Whether the call returned an error.</summary>
    public readonly bool Failed => Result is < 0 and >= -4095;

    /// <summary>Whether an <c>mmap</c> call asked for memory without a file behind it (<c>MAP_ANONYMOUS</c>).</summary>
    public readonly bool IsAnonymousMmap => Kind == TraceRecordKind.Mmap && (Argument3 & LinuxAbi.MapAnonymous) != 0;

    /// <summary>Whether its fields can be what its kind says; the writer and the reader refuse any other event.</summary>
    internal readonly bool IsPlausible => Kind switch
    {
        TraceRecordKind.KernelRead or TraceRecordKind.KernelWrite => Argument1 is > 0 and <= uint.MaxValue,
        TraceRecordKind.Area => Argument0 % LinuxAbi.PageSize == 0 && Argument1 % LinuxAbi.PageSize == 0
            && unchecked(Argument0 + Argument1) >= Argument0 && Argument2 <= 7
            && Argument3 is >= (ulong)TraceAreaKind.Text and <= (ulong)TraceAreaKind.Mapping,
        >= TraceRecordKind.Mmap and <= TraceRecordKind.Syscall => true,
        _ => false,
    };

    /// <summary>A range that the kernel touched for a system call.</summary>
    public static TraceEvent KernelRange(TraceRecordKind kind, uint threadId, uint syscallNumber, ulong address, ulong length) => new()
    {
        Kind = kind,
        ThreadId = threadId,
        SyscallNumber = syscallNumber,
        Argument0 = address,
        Argument1 = length,
        SymbolId = -1,
    };
}
