using Sim.Hardware.Cpu;

namespace Sim.Hardware.Segmentation;

/// <summary>An exception of a segment check: its vector and the error code (selector without RPL, or 0).</summary>
/// <param name="Vector">One of <see cref="ExceptionVector"/>.</param>
/// <param name="ErrorCode">Selector index and table bit of the descriptor at fault; 0 for a failed access.</param>
public readonly record struct SegmentFault(int Vector, int ErrorCode)
{
    /// <summary>The check passed.</summary>
    public static SegmentFault None => new(ExceptionVector.None, 0);

    /// <summary>True when there was an exception.</summary>
    public bool Raised => Vector >= 0;
}

/// <summary>
/// The segment registers of one CPU with their hidden parts: descriptors are read when a selector is loaded and checked
/// at every access (Intel SDM volume 3A, sections 3.4.3, 5.3 to 5.6). Derived from the selectors, so it is no state of its own.
/// </summary>
public sealed class SegmentationUnit
{
    private readonly DescriptorTables _tables;
    private readonly int _cpu;
    private readonly bool _longMode;
    private readonly ulong[] _base = new ulong[7];
    private readonly SegmentDescriptor[] _hidden = new SegmentDescriptor[7];
    private readonly ushort[] _selectors = new ushort[7];

    /// <param name="tables">The descriptor tables in memory.</param>
    /// <param name="cpu">Whose registers they are.</param>
    public SegmentationUnit(DescriptorTables tables, int cpu)
    {
        _tables = tables;
        _cpu = cpu;
        _longMode = tables.Initial.LongMode;
    }

    /// <summary>A CPU by itself, with a table that nobody changes.</summary>
    public SegmentationUnit(GlobalDescriptorTable gdt)
        : this(new DescriptorTables(gdt, 1), 0)
    {
    }

    /// <summary>
    /// Accesses through CS and DS need no check and no base: 64-bit mode, or flat segments that allow what they are used for.
    /// </summary>
    public bool IsFlat { get; private set; }

    /// <summary>Selector in a register.</summary>
    public ushort Selector(SegmentRegister register) => _selectors[(int)register];

    /// <summary>
    /// Checks a selector for a register (<c>mov sreg</c>) without loading it.
    /// #GP: null CS or SS, beyond the table, of a local table where none is loaded, wrong type, wrong privilege. #NP or #SS: not present.
    /// </summary>
    /// <param name="register">The register.</param>
    /// <param name="selector">Index, table bit and RPL.</param>
    /// <param name="cpl">Privilege of the code that loads it, 0 or 3.</param>
    public SegmentFault Check(SegmentRegister register, ushort selector, int cpl)
    {
        int code = selector & ~3;
        int rpl = selector & 3;
        if (code == 0)
        {
            bool allowed = register != SegmentRegister.Cs && (register != SegmentRegister.Ss || (_longMode && cpl != 3));
            return allowed ? SegmentFault.None : new SegmentFault(ExceptionVector.GeneralProtection, 0);
        }
        if (!_tables.TryFind(_cpu, selector, out SegmentDescriptor d))
        {
            return new SegmentFault(ExceptionVector.GeneralProtection, code);
        }
        bool ok = register switch
        {
            SegmentRegister.Cs => d.IsCode && (d.Conforming ? d.Dpl <= cpl : d.Dpl == cpl && rpl <= cpl) && !(d.Long && d.Big),
            SegmentRegister.Ss => d.Writable && rpl == cpl && d.Dpl == cpl,
            _ => d.Readable && (d.Conforming || d.Dpl >= Math.Max(cpl, rpl)),
        };
        if (!ok)
        {
            return new SegmentFault(ExceptionVector.GeneralProtection, code);
        }
        if (!d.Present)
        {
            return new SegmentFault(
                register == SegmentRegister.Ss ? ExceptionVector.StackFault : ExceptionVector.SegmentNotPresent, code);
        }
        return SegmentFault.None;
    }

    /// <summary>Puts a selector that passed <see cref="Check"/> into a register and reads its descriptor.</summary>
    public void Load(SegmentRegister register, ushort selector)
    {
        _selectors[(int)register] = selector;
        _tables.TryFind(_cpu, selector, out _hidden[(int)register]);
        _base[(int)register] = _hidden[(int)register].Base;
        SegmentDescriptor code = _hidden[(int)SegmentRegister.Cs], data = _hidden[(int)SegmentRegister.Ds];
        IsFlat = _longMode || (code.IsFlat && data.IsFlat && data.Writable);
    }

    /// <summary>In long mode: writes the base of FS or GS by itself; the selector stays.</summary>
    public void SetBase(SegmentRegister register, ulong address) => _base[(int)register] = address;

    /// <summary>Turns an offset in a segment into a linear address, or says which exception the access raises.</summary>
    /// <param name="register">The register; <see cref="SegmentRegister.Default"/> is CS for a fetch and DS for data.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="size">Bytes, at least 1.</param>
    /// <param name="kind">What the access does.</param>
    /// <param name="linear">The linear address.</param>
    public SegmentFault Translate(SegmentRegister register, ulong offset, int size, AccessKind kind, out ulong linear)
    {
        if (register == SegmentRegister.Default)
        {
            register = kind == AccessKind.Fetch ? SegmentRegister.Cs : SegmentRegister.Ds;
        }
        SegmentDescriptor d = _hidden[(int)register];
        if (_longMode)
        {
            linear = offset + (register >= SegmentRegister.Fs ? _base[(int)register] : 0UL);
            return SegmentFault.None;
        }
        linear = 0;
        int vector = register == SegmentRegister.Ss ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection;
        bool typeAllows = d.Present && kind switch
        {
            AccessKind.Fetch => d.IsCode,
            AccessKind.Load => d.Readable,
            _ => d.Writable,
        };
        if (!typeAllows)
        {
            return new SegmentFault(ExceptionVector.GeneralProtection, 0);
        }
        ulong last = offset + (ulong)(size - 1);
        ulong top = d.Big ? uint.MaxValue : ushort.MaxValue;
        bool inside = last >= offset && (d.ExpandDown ? offset > d.Limit && last <= top : last <= d.Limit);
        if (!inside)
        {
            return new SegmentFault(vector, 0);
        }
        linear = (uint)(d.Base + offset);
        return SegmentFault.None;
    }
}
