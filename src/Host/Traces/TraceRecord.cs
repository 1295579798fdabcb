using System.Runtime.InteropServices;

namespace Sim.Host.Traces;

/// <summary>
/// One step of a traced program, in program order. For accesses and kernel ranges it is complete; for areas and system calls
/// the arguments are in the reader's event table, at <see cref="EventIndex"/>.
/// </summary>
/// <remarks>Of an access the 16 bytes are those of <see cref="Hardware.Cpu.MemoryAccess"/>, so a batch is run without being copied.</remarks>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public readonly struct TraceRecord
{
    /// <summary>First byte touched; of an area or a system call, its first argument.</summary>
    public readonly ulong Address;

    private readonly ushort _accessSize;

    /// <summary>What happened.</summary>
    public readonly TraceRecordKind Kind;

    private readonly byte _segment;
    private readonly uint _other;

    /// <param name="kind">What happened.</param>
    /// <param name="address">First byte touched, or first argument.</param>
    /// <param name="size">Bytes, at most 65,535 of an access; or the index of the event.</param>
    public TraceRecord(TraceRecordKind kind, ulong address, uint size)
    {
        Address = address;
        Kind = kind;
        _segment = 0;
        bool access = kind <= TraceRecordKind.Modify;
        _accessSize = access ? (ushort)size : (ushort)0;
        _other = access ? 0 : size;
    }

    /// <summary>Bytes touched. May cross a page boundary. Of an area or a system call, the index of its event.</summary>
    public uint Size => IsAccess ? _accessSize : _other;

    /// <summary>The segment register of an access: the default one.</summary>
    public byte Segment => _segment;

    /// <summary>Whether the program itself made this access: a fetch, load, store or modify.</summary>
    public bool IsAccess => Kind <= TraceRecordKind.Modify;

    /// <summary>Whether this is a range of memory: an access, or one the kernel made for a system call.</summary>
    public bool IsRange => Kind <= TraceRecordKind.KernelWrite;

    /// <summary>Where <see cref="TraceReader.Event"/> has the arguments. Meaningful unless <see cref="IsRange"/>.</summary>
    public int EventIndex => (int)Size;

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Address:x},{Size}";
}
