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

    /// <summary>Selector of the task's, also while the kernel has one of its own in the register.</summary>
    public ushort TaskSelector(SegmentRegister register) => _state.TaskSelector(Id, register);

    /// <summary>The task's base of FS or GS, also while the kernel's is in GS.</summary>
    public ulong TaskSegmentBase(SegmentRegister register) => _state.TaskBase(Id, register);

    /// <summary>Register through which the kernel finds this CPU's own data.</summary>
    public SegmentRegister KernelSegment => _longMode ? SegmentRegister.Gs : SegmentRegister.Fs;

    /// <summary>
    /// Loads a segment register of the task (<c>mov sreg</c>), or says which exception that raises. What the kernel has saved of the
    /// task is loaded on the way back to user mode.
    /// </summary>
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
            LoadHidden(register);
        }
        return fault;
    }

    /// <summary>Gives this CPU the segment of its own data, in the kernel.</summary>
    /// <param name="selector">For FS, a descriptor that is in the GDT already; 0 in long mode.</param>
    /// <param name="address">Linear address of offset 0.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    public void LoadKernelSegment(ushort selector, ulong address, long cause)
    {
        if (Mode != CpuMode.Kernel || (!_longMode && _segments.Check(SegmentRegister.Fs, selector, 0).Raised))
        {
            throw new InvalidOperationException($"CPU {Id} cannot load selector 0x{selector:x} for its own data.");
        }
        _port.Stamp();
        var e = new CpuKernelSegment((byte)Id, selector, (long)address);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        LoadHidden(KernelSegment);
    }

    /// <summary>Writes the task's base of FS or GS in long mode (WRMSR); the selector stays.</summary>
    /// <param name="register">FS or GS.</param>
    /// <param name="address">A canonical address.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    public void WriteSegmentBase(SegmentRegister register, ulong address, long cause)
    {
        _port.Stamp();
        var e = new CpuSegmentBase((byte)Id, register, (long)address);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        _segments.SetBase(register, _state.Base(Id, register));
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

    private void LoadHidden(SegmentRegister register)
    {
        _segments.Load(register, _state.Selector(Id, register));
        if (_longMode && register >= SegmentRegister.Fs)
        {
            _segments.SetBase(register, _state.Base(Id, register));
        }
    }

    private void ReloadSegments()
    {
        for (SegmentRegister register = SegmentRegister.Cs; register <= SegmentRegister.Gs; register++)
        {
            LoadHidden(register);
        }
    }

    /// <summary>What the way into the kernel and out of it loads; the other registers stay as they are.</summary>
    private void LoadSegmentsOfMode()
    {
        LoadHidden(SegmentRegister.Cs);
        LoadHidden(SegmentRegister.Ss);
        if (_longMode)
        {
            _segments.SetBase(SegmentRegister.Gs, _state.Base(Id, SegmentRegister.Gs));
            return;
        }
        LoadUnlessFlat(SegmentRegister.Ds);
        LoadUnlessFlat(SegmentRegister.Es);
        LoadHidden(SegmentRegister.Fs);
    }

    /// <summary>The flat segment of all tasks never changes: where it is in place already there is nothing to read.</summary>
    private void LoadUnlessFlat(SegmentRegister register)
    {
        ushort selector = _state.Selector(Id, register);
        if (selector != _segments.Selector(register) || selector != _descriptors.Initial.UserData)
        {
            LoadHidden(register);
        }
    }
}
