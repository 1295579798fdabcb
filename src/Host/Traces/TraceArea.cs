namespace Sim.Host.Traces;

/// <summary>The use an initial area is put to, in the terms of the process layout.</summary>
public enum TraceAreaKind : byte
{
    /// <summary>Code of the program or its loader.</summary>
    Text = 1,

    /// <summary>Constants and headers of the program or its loader.</summary>
    ReadOnlyData = 2,

    /// <summary>Initialised variables: a private, writable file mapping.</summary>
    Data = 3,

    /// <summary>Variables that start as zero; no file behind it.</summary>
    Bss = 4,

    /// <summary>Where <c>brk</c> grows from. Its length may be zero: the break stands at its start.</summary>
    Heap = 5,

    /// <summary>The first thread's stack, which grows down on access as far as <see cref="TraceArea.GrowthLimit"/>.</summary>
    Stack = 6,

    /// <summary>Anything else.</summary>
    Mapping = 7,
}

/// <summary>An <see cref="TraceRecordKind.Area"/> event, by name.</summary>
/// <param name="Start">First byte, page-aligned.</param>
/// <param name="Length">Bytes; a multiple of the page size; zero only for a heap.</param>
/// <param name="Protection">PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="FileOffset">Offset in bytes of its start in the file.</param>
/// <param name="GrowthLimit">Of a stack, the lowest address it may grow down to; otherwise zero.</param>
/// <param name="SymbolId">The file's name, or −1.</param>
public readonly record struct TraceArea(
    ulong Start, ulong Length, uint Protection, TraceAreaKind Kind, ulong FileOffset, ulong GrowthLimit, int SymbolId)
{
    /// <summary>One past the last byte.</summary>
    public ulong End => Start + Length;

    /// <summary>Whether no file is behind it: its pages start as zero.</summary>
    public bool IsAnonymous => SymbolId < 0;

    /// <summary>Reads the area out of its event.</summary>
    public static TraceArea From(in TraceEvent e) => new(
        e.Argument0, e.Argument1, (uint)e.Argument2, (TraceAreaKind)e.Argument3, e.Argument4, e.Argument5, e.SymbolId);

    /// <summary>The event that stores this area.</summary>
    public TraceEvent ToEvent() => new()
    {
        Kind = TraceRecordKind.Area,
        ThreadId = 1,
        Argument0 = Start,
        Argument1 = Length,
        Argument2 = Protection,
        Argument3 = (ulong)Kind,
        Argument4 = FileOffset,
        Argument5 = GrowthLimit,
        SymbolId = SymbolId,
    };
}
