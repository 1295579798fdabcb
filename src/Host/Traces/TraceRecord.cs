using System.Runtime.InteropServices;

namespace Sim.Host.Traces;

/// <summary>
/// One step of a traced program, in program order. For accesses and kernel ranges it is complete; for areas and system calls
/// the arguments are in the reader's event table, at <see cref="EventIndex"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public readonly struct TraceRecord(TraceRecordKind kind, ulong address, uint size)
{
    /// <summary>First byte touched; of an area or a system call, its first argument.</summary>
    public readonly ulong Address = address;

    /// <summary>Bytes touched. May cross a page boundary. Of an area or a system call, the index of its event.</summary>
    public readonly uint Size = size;

    /// <summary>What happened.</summary>
    public readonly TraceRecordKind Kind = kind;

    /// <summary>Whether the program itself made this access: a fetch, load, store or modify.</summary>
    public bool IsAccess => Kind <= TraceRecordKind.Modify;

    /// <summary>Whether this is a range of memory: an access, or one the kernel made for a system call.</summary>
    public bool IsRange => Kind <= TraceRecordKind.KernelWrite;

    /// <summary>Where <see cref="TraceReader.Event"/> has the arguments. Meaningful unless <see cref="IsRange"/>.</summary>
    public int EventIndex => (int)Size;

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Address:x},{Size}";
}
