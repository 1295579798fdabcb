using Sim.Engine.Events;
using Sim.Hardware.Segmentation;

namespace Sim.Hardware.Cpu;

/// <content>Segment registers and descriptor tables.</content>
public sealed partial class Cpu
{
    /// <summary>The descriptor tables in memory, of all CPUs.</summary>
    public DescriptorTables Descriptors => _descriptors;

    /// <summary>Selector in a segment register.</summary>
    public ushort Selector(SegmentRegister register) => _state.Selector(Id, register);

    /// <summary>Linear address of offset 0 of FS or GS, in long mode (RDFSBASE, RDGSBASE).</summary>
    public ulong SegmentBase(SegmentRegister register) => _state.Base(Id, register);

    /// <summary>Loads a segment register (<c>mov sreg</c>), or says which exception that raises.</summary>
    public SegmentFault LoadSegment(SegmentRegister register, ushort selector, long cause)
    {
        if (register is SegmentRegister.Default or SegmentRegister.Cs)
        {
            throw new ArgumentException("CS changes with the mode, and the default register is none.", nameof(register));
        }
        SegmentFault fault = _segments.Check(register, selector, (int)Mode);
        if (!fault.Raised)
        {
            _port.Stamp();
            var e = new CpuLoadSegment((byte)Id, register, selector);
            EventHeader header = _journal.Emit(in e, cause);
            _state.Apply(in e, in header);
            LoadHidden(register, selector);
        }
        return fault;
    }

    /// <summary>Writes the base of FS or GS in long mode (WRMSR); the selector stays.</summary>
    /// <param name="register">FS or GS.</param>
    /// <param name="address">A canonical address.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    public void WriteSegmentBase(SegmentRegister register, ulong address, long cause)
    {
        _port.Stamp();
        var e = new CpuSegmentBase((byte)Id, register, (long)address);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        _segments.SetBase(register, address);
    }

    /// <summary>Writes an entry of this CPU's GDT. Registers keep what they read when they were loaded.</summary>
    public void WriteDescriptor(int index, SegmentDescriptor descriptor, long cause)
    {
        _port.Stamp();
        var e = new CpuDescriptor((byte)Id, (short)index, (long)descriptor.Raw);
        EventHeader header = _journal.Emit(in e, cause);
        _descriptors.Apply(in e, in header);
    }

    /// <summary>Loads LDTR with a process's local table, as long as it is now, or with none (LLDT).</summary>
    public void LoadLocalTable(int pid, long cause)
    {
        _port.Stamp();
        var e = new CpuLoadLdt((byte)Id, pid, _descriptors.LocalEntries(pid));
        EventHeader header = _journal.Emit(in e, cause);
        _descriptors.Apply(in e, in header);
    }

    private void LoadHidden(SegmentRegister register, ushort selector)
    {
        _segments.Load(register, selector);
        if (register >= SegmentRegister.Fs)
        {
            _segments.SetBase(register, _state.Base(Id, register));
        }
    }

    private void ReloadSegments()
    {
        for (SegmentRegister register = SegmentRegister.Cs; register <= SegmentRegister.Gs; register++)
        {
            LoadHidden(register, _state.Selector(Id, register));
        }
    }
}
