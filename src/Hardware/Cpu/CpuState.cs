using Sim.Engine.Events;
using Sim.Hardware.Segmentation;

namespace Sim.Hardware.Cpu;

/// <summary>
/// What the log tells about each CPU: privilege, address space, segment registers. A task's own segments are out of the way while the
/// kernel runs: on i386 the way in saves DS, ES and FS on the kernel's stack, in long mode <c>swapgs</c> exchanges the bases of GS.
/// Sourced state.
/// </summary>
public sealed class CpuState
    : IApply<CpuEnter>, IApply<CpuReturn>, IApply<CpuLoadRoot>, IApply<CpuLoadSegment>, IApply<CpuSegmentBase>, IApply<CpuKernelSegment>
{
    private const int Registers = 7, Bases = 3, ShadowGs = 2;

    private readonly CpuMode[] _mode;
    private readonly int[] _depth;
    private readonly ulong[] _entries;
    private readonly long[] _rootPfn;
    private readonly short[] _asid;
    private readonly ushort[] _selectors, _saved, _kernelFs;
    private readonly ulong[] _base;
    private readonly DescriptorTables _tables;
    private readonly GlobalDescriptorTable _gdt;

    /// <param name="cpus">Number of CPUs; each starts in kernel mode, as if by an interrupt, without an address space.</param>
    /// <param name="tables">Their descriptor tables.</param>
    public CpuState(int cpus, DescriptorTables tables)
    {
        _tables = tables;
        GlobalDescriptorTable gdt = _gdt = tables.Initial;
        _base = new ulong[cpus * Bases];
        _mode = new CpuMode[cpus];
        _depth = new int[cpus];
        _entries = new ulong[cpus];
        Array.Fill(_depth, 1);
        Array.Fill(_entries, (ulong)EntryKind.Interrupt);
        _rootPfn = new long[cpus];
        Array.Fill(_rootPfn, -1);
        _asid = new short[cpus];
        _selectors = new ushort[cpus * Registers];
        _saved = new ushort[cpus * Registers];
        _kernelFs = new ushort[cpus];
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            SetCodeAndStack(cpu, CpuMode.Kernel);
            foreach (SegmentRegister register in (ReadOnlySpan<SegmentRegister>)[SegmentRegister.Ds, SegmentRegister.Es])
            {
                _selectors[cpu * Registers + (int)register] = gdt.InitialDataSelector;
                _saved[cpu * Registers + (int)register] = gdt.LongMode ? (ushort)0 : gdt.InitialDataSelector;
            }
        }
    }

    /// <summary>Number of CPUs.</summary>
    public int Count => _mode.Length;

    /// <summary>Privilege.</summary>
    public CpuMode Mode(int cpu) => _mode[cpu];

    /// <summary>Entries into the kernel not yet returned from.</summary>
    public int Depth(int cpu) => _depth[cpu];

    /// <summary>Way in of the innermost entry; in user mode, an interrupt.</summary>
    public EntryKind LastEntry(int cpu) => _depth[cpu] == 0 ? EntryKind.Interrupt : (EntryKind)(_entries[cpu] & 3);

    /// <summary>Frame of the top page table; -1 before the first load.</summary>
    public long RootPfn(int cpu) => _rootPfn[cpu];

    /// <summary>Process-context identifier of the address space.</summary>
    public short Asid(int cpu) => _asid[cpu];

    /// <summary>Selector in a segment register.</summary>
    public ushort Selector(int cpu, SegmentRegister register) => _selectors[cpu * Registers + (int)register];

    /// <summary>Selector of the task's in a segment register: the register's, or what the way into the kernel saved.</summary>
    public ushort TaskSelector(int cpu, SegmentRegister register) => (SavesIn(cpu, register) ? _saved : _selectors)[cpu * Registers + (int)register];

    /// <summary>Linear address of offset 0 of FS or GS in long mode; the descriptor's where it was not written since.</summary>
    public ulong Base(int cpu, SegmentRegister register) => _base[cpu * Bases + (register - SegmentRegister.Fs)];

    /// <summary>The base that <c>swapgs</c> would exchange for that of GS (<c>MSR_KERNEL_GS_BASE</c>): in user mode the kernel's.</summary>
    public ulong ShadowGsBase(int cpu) => _base[cpu * Bases + ShadowGs];

    /// <summary>The task's base of FS or GS.</summary>
    public ulong TaskBase(int cpu, SegmentRegister register) => _base[TaskBaseOf(cpu, register)];

    /// <summary>What the kernel loads into FS when it is entered (<c>__KERNEL_PERCPU</c>); 0 in long mode, and before it has an area.</summary>
    public ushort KernelFs(int cpu) => _kernelFs[cpu];

    public void Apply(in CpuEnter e, in EventHeader header)
    {
        if (_mode[e.Cpu] == CpuMode.User)
        {
            EnterKernelSegments(e.Cpu);
        }
        _depth[e.Cpu]++;
        _entries[e.Cpu] = _entries[e.Cpu] << 2 | (ulong)e.Entry;
        _mode[e.Cpu] = CpuMode.Kernel;
        SetCodeAndStack(e.Cpu, CpuMode.Kernel);
    }

    public void Apply(in CpuReturn e, in EventHeader header)
    {
        if (e.ToUser)
        {
            if (_mode[e.Cpu] == CpuMode.Kernel)
            {
                LeaveKernelSegments(e.Cpu);
            }
            _depth[e.Cpu] = 0;
            _entries[e.Cpu] = 0;
            _mode[e.Cpu] = CpuMode.User;
            SetCodeAndStack(e.Cpu, CpuMode.User);
        }
        else
        {
            _depth[e.Cpu]--;
            _entries[e.Cpu] >>= 2;
        }
    }

    public void Apply(in CpuLoadRoot e, in EventHeader header)
    {
        _rootPfn[e.Cpu] = e.RootPfn;
        _asid[e.Cpu] = e.Asid;
    }

    public void Apply(in CpuLoadSegment e, in EventHeader header)
    {
        (SavesIn(e.Cpu, e.Register) ? _saved : _selectors)[e.Cpu * Registers + (int)e.Register] = e.Selector;
        if (_gdt.LongMode && e.Register >= SegmentRegister.Fs)
        {
            _tables.TryFind(e.Cpu, e.Selector, out SegmentDescriptor descriptor);
            _base[TaskBaseOf(e.Cpu, e.Register)] = descriptor.Base;
        }
    }

    public void Apply(in CpuSegmentBase e, in EventHeader header) => _base[TaskBaseOf(e.Cpu, e.Register)] = (ulong)e.SegmentBase;

    public void Apply(in CpuKernelSegment e, in EventHeader header)
    {
        if (_gdt.LongMode)
        {
            _base[e.Cpu * Bases + (SegmentRegister.Gs - SegmentRegister.Fs)] = (ulong)e.SegmentBase;
        }
        else
        {
            _kernelFs[e.Cpu] = e.Selector;
            _selectors[e.Cpu * Registers + (int)SegmentRegister.Fs] = e.Selector;
        }
    }

    public void HashInto(ref XxHash64 hash)
    {
        for (int cpu = 0; cpu < Count; cpu++)
        {
            hash.Add((long)_mode[cpu] | (long)_depth[cpu] << 8);
            hash.Add((long)_entries[cpu]);
            hash.Add(_rootPfn[cpu]);
            hash.Add(_asid[cpu]);
        }
        hash.AddSpan<ushort>(_selectors);
        hash.AddSpan<ushort>(_saved);
        hash.AddSpan<ushort>(_kernelFs);
        for (int i = 0; i < _base.Length; i++)
        {
            if (_base[i] != 0)
            {
                hash.Add((long)_base[i] ^ i);
            }
        }
    }

    /// <summary>On i386 the kernel uses DS, ES and FS itself, and leaves GS to the task.</summary>
    private bool SavesIn(int cpu, SegmentRegister register) =>
        !_gdt.LongMode && _mode[cpu] == CpuMode.Kernel && register is SegmentRegister.Ds or SegmentRegister.Es or SegmentRegister.Fs;

    private int TaskBaseOf(int cpu, SegmentRegister register) =>
        cpu * Bases + (register == SegmentRegister.Gs && _mode[cpu] == CpuMode.Kernel ? ShadowGs : register - SegmentRegister.Fs);

    /// <summary><c>SAVE_ALL</c> of entry_32.S; <c>swapgs</c> of entry_64.S.</summary>
    private void EnterKernelSegments(int cpu)
    {
        if (_gdt.LongMode)
        {
            SwapGs(cpu);
            return;
        }
        Span<ushort> now = _selectors.AsSpan(cpu * Registers, Registers);
        foreach (SegmentRegister register in (ReadOnlySpan<SegmentRegister>)[SegmentRegister.Ds, SegmentRegister.Es, SegmentRegister.Fs])
        {
            _saved[cpu * Registers + (int)register] = now[(int)register];
            now[(int)register] = register == SegmentRegister.Fs ? _kernelFs[cpu] : _gdt.UserData;
        }
    }

    private void LeaveKernelSegments(int cpu)
    {
        if (_gdt.LongMode)
        {
            SwapGs(cpu);
            return;
        }
        foreach (SegmentRegister register in (ReadOnlySpan<SegmentRegister>)[SegmentRegister.Ds, SegmentRegister.Es, SegmentRegister.Fs])
        {
            int at = cpu * Registers + (int)register;
            (_selectors[at], _saved[at]) = (_saved[at], (ushort)0);
        }
    }

    private void SwapGs(int cpu)
    {
        int gs = cpu * Bases + (SegmentRegister.Gs - SegmentRegister.Fs), shadow = cpu * Bases + ShadowGs;
        (_base[gs], _base[shadow]) = (_base[shadow], _base[gs]);
    }

    private void SetCodeAndStack(int cpu, CpuMode mode)
    {
        _selectors[cpu * Registers + (int)SegmentRegister.Cs] = mode == CpuMode.User ? _gdt.UserCode : _gdt.KernelCode;
        _selectors[cpu * Registers + (int)SegmentRegister.Ss] = mode == CpuMode.User ? _gdt.UserData : _gdt.KernelData;
    }
}
