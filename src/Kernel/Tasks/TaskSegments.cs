using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tasks;

/// <summary>
/// Segments that are not flat, as tasks come and go: their thread-local descriptors in the GDT of the CPU that runs them, their
/// selectors and bases, their process's local table (<c>__switch_to</c>, <c>load_TLS</c>, <c>switch_ldt</c>, <c>ldt_dup_context</c>,
/// <c>destroy_context_ldt</c>; Linux 6.1, with FSGSBASE).
/// </summary>
public sealed class TaskSegments
{
    /// <summary>Descriptors of thread-local storage of a task (<c>GDT_ENTRY_TLS_ENTRIES</c>).</summary>
    public const int TlsEntries = 3;

    /// <summary>There was no memory for a child's local table.</summary>
    internal const long NoMemory = -2;

    private readonly Cpu[] _cpus;
    private readonly ThreadSegments _threads;
    private readonly DescriptorTables _tables;
    private readonly PageAllocator _allocator;
    private readonly Journal _journal;
    private readonly bool _longMode;

    /// <param name="cpus">All CPUs.</param>
    /// <param name="threads">What tasks keep.</param>
    /// <param name="tables">The CPUs' tables.</param>
    /// <param name="allocator">Gives memory for local tables.</param>
    /// <param name="journal">Where decisions go.</param>
    internal TaskSegments(Cpu[] cpus, ThreadSegments threads, DescriptorTables tables, PageAllocator allocator, Journal journal)
    {
        _cpus = cpus;
        _threads = threads;
        _tables = tables;
        _allocator = allocator;
        _journal = journal;
        _longMode = tables.Initial.LongMode;
        FirstTls = _longMode ? 12 : 6;
    }

    /// <summary>First entry of the GDT for thread-local storage (<c>GDT_ENTRY_TLS_MIN</c>).</summary>
    public int FirstTls { get; }

    /// <summary>A CPU goes on with another task; 0 stands for none.</summary>
    /// <param name="cpu">The CPU, in the kernel.</param>
    /// <param name="previous">What it leaves.</param>
    /// <param name="next">What it goes on with.</param>
    /// <param name="mm">The address space of that.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    internal void Switch(Cpu cpu, int previous, int next, int mm, long cause)
    {
        if (previous != 0)
        {
            Save(cpu, previous, cause);
        }
        bool changed = LoadTls(cpu, next, cause);
        if (next != 0)
        {
            changed |= LoadLocal(cpu, mm, cause);
        }
        for (SegmentRegister register = SegmentRegister.Ds; register <= SegmentRegister.Gs; register++)
        {
            if (register == SegmentRegister.Ss)
            {
                continue;
            }
            ushort wanted = (ushort)_threads[next, WordOf(register)], present = cpu.TaskSelector(register);
            if (wanted != present || (changed && NamesChangeable(wanted)))
            {
                LoadOrNull(cpu, register, wanted, cause);
            }
        }
        for (SegmentRegister register = SegmentRegister.Fs; _longMode && register <= SegmentRegister.Gs; register++)
        {
            ulong wanted = (ulong)_threads[next, BaseOf(register)];
            if (wanted != cpu.TaskSegmentBase(register))
            {
                cpu.WriteSegmentBase(register, wanted, cause);
            }
        }
    }

    /// <summary>Takes what a child's local table needs, before there is a child.</summary>
    /// <returns>Its first frame; -1 when the parent has no table; <see cref="NoMemory"/>.</returns>
    internal long PrepareFork(int parentMm, int parent, Cpu cpu, long cause) =>
        _tables.LocalEntries(parentMm) is > 0 and int entries ? Allocate(entries, parent, cpu, cause) : -1;

    /// <summary>A child begins with its parent's segments, and a copy of its local table.</summary>
    internal void Fork(TaskContext parent, int child, long tablePfn, long cause)
    {
        Save(parent.Cpu, parent.Pid, cause);
        for (ThreadSegment word = 0; (int)word < ThreadSegments.Words; word++)
        {
            Keep(child, word, _threads[parent.Pid, word], cause);
        }
        if (tablePfn >= 0)
        {
            var e = new MmLdt(child, parent.Mm, _tables.LocalEntries(parent.Mm), -1, 0, tablePfn);
            EventHeader header = _journal.Emit(in e, cause);
            _tables.Apply(in e, in header);
        }
    }

    /// <summary>The child could not be made.</summary>
    internal void CancelFork(int parentMm, long tablePfn, Cpu cpu, long cause)
    {
        if (tablePfn >= 0)
        {
            _allocator.FreePages(tablePfn, OrderOf(_tables.LocalEntries(parentMm)), cpu, cause);
        }
    }

    /// <summary>execve: a program starts with flat segments alone (<c>flush_thread</c>, <c>start_thread</c>).</summary>
    internal void Exec(TaskContext task, long cause)
    {
        for (ThreadSegment word = 0; (int)word < ThreadSegments.Words; word++)
        {
            Keep(task.Pid, word, _threads.Initial(word), cause);
        }
        FreeTable(task.Pid, task.Cpu, cause);
        Switch(task.Cpu, 0, task.Pid, task.Mm, cause);
    }

    /// <summary>An address space ended: so does its local table.</summary>
    internal void Exit(int mm, Cpu cpu, long cause) => FreeTable(mm, cpu, cause);

    /// <summary>Writes an entry of a process's local table: into a new table, which takes the place of the old one.</summary>
    /// <returns>False when there is no memory.</returns>
    internal bool WriteLocal(int mm, int index, SegmentDescriptor descriptor, Cpu cpu, long cause)
    {
        int before = _tables.LocalEntries(mm), entries = Math.Max(before, index + 1);
        long old = _tables.LocalPfn(mm), pfn = Allocate(entries, mm, cpu, cause);
        if (pfn < 0)
        {
            return false;
        }
        var e = new MmLdt(mm, mm, entries, (short)index, (long)descriptor.Raw, pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _tables.Apply(in e, in header);
        foreach (Cpu other in _cpus)
        {
            if (other == cpu || _tables.LoadedLocal(other.Id) == mm)
            {
                other.LoadLocalTable(mm, header.Sequence);
            }
        }
        cpu.ChargeCycles(0);
        if (old >= 0)
        {
            _allocator.FreePages(old, OrderOf(before), cpu, header.Sequence);
        }
        return true;
    }

    /// <summary>Writes a thread-local descriptor of the running task.</summary>
    internal void WriteTls(TaskContext task, int index, SegmentDescriptor descriptor, long cause)
    {
        Keep(task.Pid, (ThreadSegment)(index - FirstTls), (long)descriptor.Raw, cause);
        LoadTls(task.Cpu, task.Pid, cause);
    }

    /// <summary>A thread-local descriptor of a task; 0 for none.</summary>
    internal SegmentDescriptor Tls(int pid, int index) => new((ulong)_threads[pid, (ThreadSegment)(index - FirstTls)]);

    /// <summary>Loads a register anew, so that it has the descriptor as it is now; null when that cannot be loaded.</summary>
    internal static void LoadOrNull(Cpu cpu, SegmentRegister register, ushort selector, long cause)
    {
        if (cpu.LoadSegment(register, selector, cause).Raised)
        {
            cpu.LoadSegment(register, 0, cause);
        }
    }

    /// <summary>Keeps what the CPU's registers hold of a task (<c>save_fsgs</c>, <c>savesegment</c>).</summary>
    private void Save(Cpu cpu, int pid, long cause)
    {
        for (SegmentRegister register = SegmentRegister.Ds; register <= SegmentRegister.Gs; register++)
        {
            if (register != SegmentRegister.Ss)
            {
                Keep(pid, WordOf(register), cpu.TaskSelector(register), cause);
            }
        }
        if (_longMode)
        {
            Keep(pid, ThreadSegment.FsBase, (long)cpu.TaskSegmentBase(SegmentRegister.Fs), cause);
            Keep(pid, ThreadSegment.GsBase, (long)cpu.TaskSegmentBase(SegmentRegister.Gs), cause);
        }
    }

    private void Keep(int pid, ThreadSegment word, long value, long cause)
    {
        if (_threads[pid, word] != value)
        {
            var e = new TaskSegment(pid, word, value);
            EventHeader header = _journal.Emit(in e, cause);
            _threads.Apply(in e, in header);
        }
    }

    private bool LoadTls(Cpu cpu, int pid, long cause)
    {
        bool changed = false;
        for (int i = 0; i < TlsEntries; i++)
        {
            SegmentDescriptor wanted = Tls(pid, FirstTls + i);
            if (wanted != _tables.Global(cpu.Id, FirstTls + i))
            {
                cpu.WriteDescriptor(FirstTls + i, wanted, cause);
                changed = true;
            }
        }
        return changed;
    }

    private bool LoadLocal(Cpu cpu, int mm, long cause)
    {
        int entries = _tables.LocalEntries(mm), wanted = entries == 0 ? 0 : mm;
        if (wanted == _tables.LoadedLocal(cpu.Id) && entries == _tables.LoadedEntries(cpu.Id))
        {
            return false;
        }
        cpu.LoadLocalTable(wanted, cause);
        return true;
    }

    private void FreeTable(int mm, Cpu cpu, long cause)
    {
        int entries = _tables.LocalEntries(mm);
        if (entries == 0)
        {
            return;
        }
        foreach (Cpu other in _cpus)
        {
            if (_tables.LoadedLocal(other.Id) == mm)
            {
                other.LoadLocalTable(0, cause);
            }
        }
        cpu.ChargeCycles(0);
        long pfn = _tables.LocalPfn(mm);
        var e = new MmLdt(mm, mm, 0, -1, 0, -1);
        EventHeader header = _journal.Emit(in e, cause);
        _tables.Apply(in e, in header);
        _allocator.FreePages(pfn, OrderOf(entries), cpu, header.Sequence);
    }

    /// <summary>Tables larger than a page are contiguous here; the kernel has them of vmalloc.</summary>
    private long Allocate(int entries, int owner, Cpu cpu, long cause) =>
        _allocator.AllocPages(OrderOf(entries), GfpFlags.Kernel | GfpFlags.Zero, owner, cpu, cause) is >= 0 and long pfn ? pfn : NoMemory;

    private static int OrderOf(int entries)
    {
        const int entriesPerPage = 512;
        int order = 0;
        while (entriesPerPage << order < entries)
        {
            order++;
        }
        return order;
    }

    /// <summary>A selector of a descriptor that changes from task to task.</summary>
    private bool NamesChangeable(ushort selector) =>
        (selector & 4) != 0 || (selector >> 3 >= FirstTls && selector >> 3 < FirstTls + TlsEntries);

    private static ThreadSegment WordOf(SegmentRegister register) => register switch
    {
        SegmentRegister.Ds => ThreadSegment.Ds,
        SegmentRegister.Es => ThreadSegment.Es,
        SegmentRegister.Fs => ThreadSegment.Fs,
        _ => ThreadSegment.Gs,
    };

    private static ThreadSegment BaseOf(SegmentRegister register) =>
        register == SegmentRegister.Fs ? ThreadSegment.FsBase : ThreadSegment.GsBase;
}
