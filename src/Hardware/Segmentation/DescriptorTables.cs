using Sim.Engine.Events;

namespace Sim.Hardware.Segmentation;

/// <summary>
/// The descriptor tables in memory: each CPU's GDT, which differ in what the kernel writes for the task at hand, the local tables
/// of processes, and which of these each CPU's LDTR names (Intel SDM volume 3A, sections 2.4 and 3.5.1). Sourced state.
/// </summary>
public sealed class DescriptorTables : IApply<CpuDescriptor>, IApply<CpuLoadLdt>, IApply<MmLdt>
{
    private readonly ulong[][] _global;
    private readonly int[] _ldtr, _ldtrEntries;
    private ulong[]?[] _local = [];
    private long[] _localPfn = [];

    /// <param name="gdt">What each CPU's table starts as.</param>
    /// <param name="cpus">Number of CPUs.</param>
    public DescriptorTables(GlobalDescriptorTable gdt, int cpus)
    {
        Initial = gdt;
        _global = new ulong[cpus][];
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            _global[cpu] = new ulong[gdt.Count];
            for (int i = 0; i < gdt.Count; i++)
            {
                _global[cpu][i] = gdt[i].Raw;
            }
        }
        _ldtr = new int[cpus];
        _ldtrEntries = new int[cpus];
    }

    /// <summary>The GDT as it starts, with the kernel's selectors.</summary>
    public GlobalDescriptorTable Initial { get; }

    /// <summary>An entry of a CPU's GDT.</summary>
    public SegmentDescriptor Global(int cpu, int index) => new(_global[cpu][index]);

    /// <summary>Whose local table a CPU has loaded; 0 for none.</summary>
    public int LoadedLocal(int cpu) => _ldtr[cpu];

    /// <summary>Entries of the local table as the CPU knows it.</summary>
    public int LoadedEntries(int cpu) => _ldtrEntries[cpu];

    /// <summary>Entries of a process's local table; 0 when it has none.</summary>
    public int LocalEntries(int pid) => TableOf(pid).Length;

    /// <summary>An entry of a process's local table.</summary>
    public SegmentDescriptor Local(int pid, int index) => new(TableOf(pid)[index]);

    /// <summary>First frame of a process's local table; -1 when it has none.</summary>
    public long LocalPfn(int pid) => LocalEntries(pid) == 0 ? -1 : _localPfn[pid];

    /// <summary>The descriptor that a selector names on a CPU; false beyond the table's limit. Null selectors name none.</summary>
    public bool TryFind(int cpu, ushort selector, out SegmentDescriptor descriptor)
    {
        int index = selector >> 3;
        bool local = (selector & 4) != 0;
        if (!local && index == 0)
        {
            descriptor = default;
            return false;
        }
        ulong[] table = local ? TableOf(_ldtr[cpu]) : _global[cpu];
        int entries = local ? Math.Min(_ldtrEntries[cpu], table.Length) : table.Length;
        descriptor = index < entries ? new SegmentDescriptor(table[index]) : default;
        return index < entries;
    }

    public void Apply(in CpuDescriptor e, in EventHeader header) => _global[e.Cpu][e.DescriptorIndex] = (ulong)e.DescriptorBits;

    public void Apply(in CpuLoadLdt e, in EventHeader header) => (_ldtr[e.Cpu], _ldtrEntries[e.Cpu]) = (e.Pid, e.LdtEntries);

    public void Apply(in MmLdt e, in EventHeader header)
    {
        if (e.Pid >= _local.Length)
        {
            Array.Resize(ref _local, Math.Max(e.Pid + 1, _local.Length * 2));
            Array.Resize(ref _localPfn, _local.Length);
        }
        _localPfn[e.Pid] = e.Pfn;
        if (e.LdtEntries == 0)
        {
            _local[e.Pid] = null;
            return;
        }
        ulong[] table = new ulong[e.LdtEntries];
        TableOf(e.Parent).CopyTo(table, 0);
        if (e.DescriptorIndex >= 0)
        {
            table[e.DescriptorIndex] = (ulong)e.DescriptorBits;
        }
        _local[e.Pid] = table;
    }

    /// <summary>Appends what differs from the start; tables that nobody wrote add nothing.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        for (int cpu = 0; cpu < _global.Length; cpu++)
        {
            for (int i = 0; i < _global[cpu].Length; i++)
            {
                if (_global[cpu][i] != Initial[i].Raw)
                {
                    hash.Add((long)cpu << 32 | (uint)i);
                    hash.Add((long)_global[cpu][i]);
                }
            }
            if (_ldtr[cpu] != 0)
            {
                hash.Add((long)_ldtr[cpu] << 32 | (uint)_ldtrEntries[cpu]);
            }
        }
        for (int pid = 0; pid < _local.Length; pid++)
        {
            if (_local[pid] is { } table)
            {
                hash.Add(pid);
                hash.Add(_localPfn[pid]);
                hash.AddSpan<ulong>(table);
            }
        }
    }

    private ulong[] TableOf(int pid) => pid < _local.Length && _local[pid] is { } table ? table : [];
}
