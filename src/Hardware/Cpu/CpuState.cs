using Sim.Engine.Events;
using Sim.Hardware.Segmentation;

namespace Sim.Hardware.Cpu;

/// <summary>What the log tells about each CPU: privilege, address space, segment selectors. Sourced state.</summary>
public sealed class CpuState : IApply<CpuEnter>, IApply<CpuReturn>, IApply<CpuLoadRoot>, IApply<CpuLoadSegment>, IApply<CpuSegmentBase>
{
    private const int Registers = 7;

    private readonly CpuMode[] _mode;
    private readonly int[] _depth;
    private readonly ulong[] _entries;
    private readonly long[] _rootPfn;
    private readonly short[] _asid;
    private readonly ushort[] _selectors;
    private readonly ulong[] _base;
    private readonly DescriptorTables _tables;
    private readonly GlobalDescriptorTable _gdt;

    /// <param name="cpus">Number of CPUs; each starts in kernel mode, as if by an interrupt, without an address space.</param>
    /// <param name="tables">Their descriptor tables.</param>
    public CpuState(int cpus, DescriptorTables tables)
    {
        _tables = tables;
        GlobalDescriptorTable gdt = _gdt = tables.Initial;
        _base = new ulong[cpus * 2];
        _mode = new CpuMode[cpus];
        _depth = new int[cpus];
        _entries = new ulong[cpus];
        Array.Fill(_depth, 1);
        Array.Fill(_entries, (ulong)EntryKind.Interrupt);
        _rootPfn = new long[cpus];
        Array.Fill(_rootPfn, -1);
        _asid = new short[cpus];
        _selectors = new ushort[cpus * Registers];
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            SetCodeAndStack(cpu, CpuMode.Kernel);
            _selectors[cpu * Registers + (int)SegmentRegister.Ds] = gdt.InitialDataSelector;
            _selectors[cpu * Registers + (int)SegmentRegister.Es] = gdt.InitialDataSelector;
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

    /// <summary>Linear address of offset 0 of FS or GS in long mode; the descriptor's where it was not written since.</summary>
    public ulong Base(int cpu, SegmentRegister register) => _base[BaseOf(cpu, register)];

    public void Apply(in CpuEnter e, in EventHeader header)
    {
        _depth[e.Cpu]++;
        _entries[e.Cpu] = _entries[e.Cpu] << 2 | (ulong)e.Entry;
        _mode[e.Cpu] = CpuMode.Kernel;
        SetCodeAndStack(e.Cpu, CpuMode.Kernel);
    }

    public void Apply(in CpuReturn e, in EventHeader header)
    {
        if (e.ToUser)
        {
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
        _selectors[e.Cpu * Registers + (int)e.Register] = e.Selector;
        if (_gdt.LongMode && e.Register >= SegmentRegister.Fs)
        {
            _tables.TryFind(e.Cpu, e.Selector, out SegmentDescriptor descriptor);
            _base[BaseOf(e.Cpu, e.Register)] = descriptor.Base;
        }
    }

    public void Apply(in CpuSegmentBase e, in EventHeader header) => _base[BaseOf(e.Cpu, e.Register)] = (ulong)e.SegmentBase;

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
        for (int i = 0; i < _base.Length; i++)
        {
            if (_base[i] != 0)
            {
                hash.Add((long)_base[i] ^ i);
            }
        }
    }

    private static int BaseOf(int cpu, SegmentRegister register) => cpu * 2 + (register - SegmentRegister.Fs);

    private void SetCodeAndStack(int cpu, CpuMode mode)
    {
        _selectors[cpu * Registers + (int)SegmentRegister.Cs] = mode == CpuMode.User ? _gdt.UserCode : _gdt.KernelCode;
        _selectors[cpu * Registers + (int)SegmentRegister.Ss] = mode == CpuMode.User ? _gdt.UserData : _gdt.KernelData;
    }
}
