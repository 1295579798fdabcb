using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Tasks;

/// <summary>
/// Keeps the CPUs' translations true: loads address spaces, with process-context identifiers where the CPUs have them, and
/// drops translations on every CPU that runs the address space (arch/x86/mm/tlb.c, Linux 6.1). CPUs that only remember it find
/// out by its generation when they switch to it again, and CPUs in lazy TLB mode when they leave that mode.
/// </summary>
public sealed class TlbConsistency : ITlbFlush
{
    /// <summary>Vector of the interrupt that asks one CPU (<c>CALL_FUNCTION_SINGLE_VECTOR</c>).</summary>
    public const int AskOneVector = 0xfb;

    /// <summary>Vector of the interrupt that asks several CPUs at once (<c>CALL_FUNCTION_VECTOR</c>).</summary>
    public const int AskManyVector = 0xfc;

    private readonly Cpu[] _cpus;
    private readonly AddressSpaces _spaces;
    private readonly TaskTable _tasks;
    private readonly TlbContexts _contexts;
    private readonly Journal _journal;
    private readonly bool _pcid;
    private readonly long _ceiling, _shootdownPs;
    private readonly bool[] _targets, _oneByOne;

    /// <param name="cpus">All CPUs.</param>
    /// <param name="pcid">They have process-context identifiers.</param>
    /// <param name="state">Address spaces, and what the CPUs remember of them.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="options">Ceiling and costs.</param>
    public TlbConsistency(Cpu[] cpus, bool pcid, VirtualMemoryState state, Journal journal, TaskOptions options)
    {
        _cpus = cpus;
        _pcid = pcid;
        _spaces = state.Spaces;
        _tasks = state.Tasks;
        _contexts = state.Tlb;
        _journal = journal;
        _ceiling = options.FlushCeilingPages;
        _shootdownPs = options.ShootdownNs * 1000L;
        _targets = new bool[cpus.Length];
        _oneByOne = new bool[cpus.Length];
    }

    /// <summary>A CPU goes on in an address space (<c>switch_mm_irqs_off</c>).</summary>
    public void Load(Cpu cpu, AddressSpace mm, long cause) => Switch(cpu, mm.Pid, mm.Root, cause);

    /// <summary>A CPU goes on in the kernel alone: it keeps the address space, for it may well come back to it (<c>enter_lazy_tlb</c>).</summary>
    public void EnterLazy(Cpu cpu, long cause)
    {
        if (_contexts.Loaded(cpu.Id) != 0 && !_contexts.IsLazy(cpu.Id))
        {
            var e = new MmLazyTlb((byte)cpu.Id);
            EventHeader header = _journal.Emit(in e, cause);
            _contexts.Apply(in e, in header);
        }
    }

    /// <summary>
    /// An address space is about to end: every CPU that has it loaded, none of them in user mode, goes over to the kernel's own
    /// (<c>exit_mmap</c> frees page tables, so that CPUs in lazy TLB mode leave).
    /// </summary>
    public void Leave(AddressSpace mm, Cpu cpu, long cause)
    {
        if (_contexts.Loaded(cpu.Id) == mm.Pid)
        {
            EnterLazy(cpu, cause);
        }
        FlushRange(mm, 0, _spaces.Layout.TaskSize, cpu.Id, cause, freedTables: true);
    }

    public void FlushRange(
        AddressSpace mm, ulong start, ulong end, int cpuId, long cause, int strideShift = ITlbFlush.PageShift, bool freedTables = false)
    {
        long entries = (long)((end - start) >> strideShift);
        bool all = entries > _ceiling;
        int interrupted = 0;
        for (int cpu = 0; cpu < _cpus.Length; cpu++)
        {
            _targets[cpu] = cpu != cpuId && _contexts.IsInterrupted(cpu, mm.Pid, freedTables);
            interrupted += _targets[cpu] ? 1 : 0;
        }
        // With others to ask, a lazy CPU asks itself no more than them.
        bool self = _contexts.Loaded(cpuId) == mm.Pid
            && (freedTables || !_contexts.IsLazy(cpuId) || !_contexts.IsLoadedElsewhere(mm.Pid, cpuId));
        _targets[cpuId] = self;
        for (int cpu = 0; cpu < _cpus.Length; cpu++)
        {
            // The generation is about to be one more.
            _oneByOne[cpu] = _targets[cpu] && !all && _contexts.IsCurrent(cpu, _contexts.LoadedSlot(cpu));
        }
        var e = new MmTlbFlush(
            (byte)cpuId, mm.Pid, all ? 0 : (long)(start >> ITlbFlush.PageShift), all ? 0 : entries, freedTables, (byte)interrupted);
        EventHeader header = _journal.Emit(in e, cause);
        _contexts.Apply(in e, in header);
        Ask(cpuId, interrupted, start, entries, strideShift, header.Sequence);
    }

    public void FlushKernelRange(ulong start, ulong end, int cpuId, long cause)
    {
        long pages = (long)((end - start) >> ITlbFlush.PageShift);
        bool all = pages > _ceiling;
        var e = new MmTlbKernel((byte)cpuId, all ? 0 : (long)(start >> ITlbFlush.PageShift), all ? 0 : pages);
        EventHeader header = _journal.Emit(in e, cause);
        _contexts.Apply(in e, in header);
        int others = _cpus.Length - 1;
        for (int cpu = 0; cpu < _cpus.Length; cpu++)
        {
            if (cpu != cpuId)
            {
                (long entry, bool user) = Interrupt(cpu, cpuId, others, header.Sequence);
                FlushKernel(_cpus[cpu], start, all ? 0 : pages, entry);
                Return(cpu, user, entry);
            }
        }
        Wait(cpuId, others);
        FlushKernel(_cpus[cpuId], start, all ? 0 : pages, header.Sequence);
    }

    public bool ShouldDefer(AddressSpace mm, int cpuId) => _contexts.IsLoadedElsewhere(mm.Pid, cpuId);

    public void AddToBatch(AddressSpace mm, int cpuId, long cause)
    {
        var e = new MmTlbDefer((byte)cpuId, mm.Pid);
        EventHeader header = _journal.Emit(in e, cause);
        _contexts.Apply(in e, in header);
    }

    public void FlushBatch(int cpuId, long cause)
    {
        if (!_contexts.HasBatch(cpuId))
        {
            return;
        }
        int interrupted = 0;
        for (int cpu = 0; cpu < _cpus.Length; cpu++)
        {
            // A CPU that has left the address space is asked in vain, like in the kernel.
            _targets[cpu] = _contexts.IsInBatch(cpuId, cpu) && !_contexts.IsLazy(cpu) && _contexts.Loaded(cpu) != 0;
            _oneByOne[cpu] = false;
            interrupted += _targets[cpu] && cpu != cpuId ? 1 : 0;
        }
        var e = new MmTlbBatch((byte)cpuId, (byte)interrupted);
        EventHeader header = _journal.Emit(in e, cause);
        _contexts.Apply(in e, in header);
        Ask(cpuId, interrupted, 0, 0, ITlbFlush.PageShift, header.Sequence);
    }

    private void Switch(Cpu cpu, int pid, long root, long cause)
    {
        int id = cpu.Id;
        int slot;
        bool flush;
        if (_contexts.Loaded(id) == pid && cpu.Root == root)
        {
            if (!_contexts.IsLazy(id))
            {
                return;
            }
            slot = _contexts.LoadedSlot(id);
            flush = !_contexts.IsCurrent(id, slot);
        }
        else if (_pcid)
        {
            slot = _contexts.SlotOf(id, pid);
            flush = slot < 0 || !_contexts.IsCurrent(id, slot);
            slot = slot < 0 ? _contexts.NextSlot(id) : slot;
        }
        else
        {
            (slot, flush) = (0, true);
        }
        bool stays = !flush && _contexts.Loaded(id) == pid && cpu.Root == root;
        var e = new MmSwitch((byte)id, pid, (byte)slot, flush);
        EventHeader header = _journal.Emit(in e, cause);
        _contexts.Apply(in e, in header);
        if (!stays)
        {
            cpu.LoadRoot(root, slot + 1, flush, header.Sequence);
        }
    }

    /// <summary>The CPUs that are targets flush: the others interrupted, then this one.</summary>
    private void Ask(int cpuId, int interrupted, ulong start, long entries, int strideShift, long cause)
    {
        for (int cpu = 0; cpu < _cpus.Length; cpu++)
        {
            if (cpu != cpuId && _targets[cpu])
            {
                (long entry, bool user) = Interrupt(cpu, cpuId, interrupted, cause);
                Flush(cpu, start, entries, strideShift, entry);
                Return(cpu, user, entry);
            }
        }
        Wait(cpuId, interrupted);
        if (_targets[cpuId])
        {
            Flush(cpuId, start, entries, strideShift, cause);
        }
    }

    /// <summary>One CPU's part (<c>flush_tlb_func</c>).</summary>
    private void Flush(int id, ulong start, long entries, int strideShift, long cause)
    {
        Cpu cpu = _cpus[id];
        if (_contexts.IsLazy(id))
        {
            Switch(cpu, 0, _spaces.KernelRoot, cause);
        }
        else if (!_oneByOne[id])
        {
            cpu.FlushTlb(_pcid ? TlbFlushScope.Context : TlbFlushScope.NonGlobal, cause);
        }
        else if (strideShift == ITlbFlush.PageShift)
        {
            cpu.InvalidatePages(start, entries, cause);
        }
        else
        {
            for (long i = 0; i < entries; i++)
            {
                cpu.InvalidatePage(start + ((ulong)i << strideShift), cause);
            }
        }
    }

    private static void FlushKernel(Cpu cpu, ulong start, long pages, long cause)
    {
        if (pages == 0)
        {
            cpu.FlushTlb(TlbFlushScope.All, cause);
        }
        else
        {
            cpu.InvalidatePages(start, pages, cause);
        }
    }

    private (long Entry, bool User) Interrupt(int id, int asking, int interrupted, long cause)
    {
        Cpu cpu = _cpus[id];
        bool user = cpu.Mode == CpuMode.User;
        if (_tasks.Current(id) == 0)
        {
            // It has stood still since it was idle, not run ahead or behind by part of a quantum.
            cpu.BeginDispatch(_cpus[asking].TimePs);
        }
        return (cpu.EnterKernel(EntryKind.Interrupt, interrupted > 1 ? AskManyVector : AskOneVector, 0, 0, cause).Sequence, user);
    }

    private void Return(int id, bool user, long entry) => _ = user ? _cpus[id].ReturnToUser(entry) : _cpus[id].ReturnToKernel(entry);

    /// <summary>The asking CPU waits until all others have answered.</summary>
    private void Wait(int id, int others) => _cpus[id].Charge(others * _shootdownPs);
}
