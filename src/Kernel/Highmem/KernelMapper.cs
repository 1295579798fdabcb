using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Vmalloc;

namespace Sim.Kernel.Highmem;

/// <summary>
/// Gives pages of high memory a kernel address for a while (mm/highmem.c, arch/x86/mm/highmem_32.c, Linux 6.1): <c>kmap</c> for as
/// long as a task likes, with a wait when all mappings are in use, and <c>kmap_local_page</c> on one CPU, last in first out. Pages
/// of low memory have their address in the direct map. It decides; <see cref="HighmemState"/> changes through events.
/// </summary>
public sealed class KernelMapper
{
    /// <summary>Answer of <see cref="Map"/>: all permanent mappings are in use, and the task waits for one.</summary>
    public const ulong Blocked = 0;

    private readonly HighmemState _state;
    private readonly KernelLayout _layout;
    private readonly KernelTables _tables;
    private readonly ITlbFlush _tlb;
    private readonly Cpu[] _cpus;
    private readonly Journal _journal;
    private readonly long _entryPs;
    private readonly List<int> _waiters = [];

    /// <param name="state">The state it changes through events.</param>
    /// <param name="tables">Makes page tables.</param>
    /// <param name="tlb">Makes CPUs forget translations.</param>
    /// <param name="cpus">All CPUs.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="costs">Time the work takes.</param>
    public KernelMapper(HighmemState state, KernelTables tables, ITlbFlush tlb, Cpu[] cpus, Journal journal, MmCosts costs)
    {
        _state = state;
        _layout = state.Layout;
        _tables = tables;
        _tlb = tlb;
        _cpus = cpus;
        _journal = journal;
        _entryPs = costs.PagePerRangeNs * 1000L;
    }

    /// <summary>The state.</summary>
    public HighmemState State => _state;

    /// <summary>Wakes a task that waits for a mapping.</summary>
    [field: Sim.Engine.Snapshots.NotInSnapshot]
    public Action<int, long> Wake { get; set; } = (_, _) => { };

    /// <summary>Tasks that wait for a mapping.</summary>
    public int Waiters => _waiters.Count;

    /// <summary>
    /// Maps a page until <see cref="Unmap"/> (<c>kmap</c>).
    /// </summary>
    /// <param name="pfn">The page.</param>
    /// <param name="pid">The task, which waits when there is no mapping left, and asks again when it is woken.</param>
    /// <param name="cpu">The CPU it runs on.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    /// <returns>The page's kernel address; <see cref="Blocked"/> when the task has to wait.</returns>
    /// <exception cref="InvalidOperationException">There is no memory for the table of the mappings.</exception>
    public ulong Map(long pfn, int pid, CpuClock cpu, long cause)
    {
        if (!_state.IsHigh(pfn))
        {
            return _layout.VirtualOf(pfn);
        }
        cpu.Charge(_entryPs);
        int slot = _state.SlotOf(pfn);
        if (slot >= 0)
        {
            var get = new KmapGet(slot);
            EventHeader at = _journal.Emit(in get, cause);
            _state.Apply(in get, in at);
            return _layout.PkmapAddress(slot);
        }
        slot = FindSlot(cpu, cause);
        if (slot < 0)
        {
            _waiters.Add(pid);
            return Blocked;
        }
        MakeTables(_layout.PkmapAddress(slot), cpu, cause);
        var e = new KmapMap(slot, pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return _layout.PkmapAddress(slot);
    }

    /// <summary>A user of a page's mapping is done (<c>kunmap</c>); the first task that waits is woken when it was the last one.</summary>
    /// <exception cref="InvalidOperationException">The page of high memory is not mapped.</exception>
    public void Unmap(long pfn, CpuClock cpu, long cause)
    {
        if (!_state.IsHigh(pfn))
        {
            return;
        }
        int slot = _state.SlotOf(pfn);
        if (slot < 0 || _state.Count(slot) < 2)
        {
            throw new InvalidOperationException($"The page of pfn 0x{pfn:x} has no permanent mapping in use: it was never mapped, or unmapped too often.");
        }
        cpu.Charge(_entryPs);
        var e = new KmapPut(slot);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        if (_state.Count(slot) == 1 && _waiters.Count > 0)
        {
            // All are woken and try again in their order.
            int[] waiters = [.. _waiters];
            _waiters.Clear();
            foreach (int pid in waiters)
            {
                Wake(pid, header.Sequence);
            }
        }
    }

    /// <summary>Maps a page on this CPU until <see cref="UnmapLocal"/> (<c>kmap_local_page</c>).</summary>
    /// <returns>The page's kernel address.</returns>
    /// <exception cref="InvalidOperationException">The CPU has 16 such mappings already.</exception>
    public ulong MapLocal(long pfn, CpuClock cpu, long cause)
    {
        if (!_state.IsHigh(pfn))
        {
            return _layout.VirtualOf(pfn);
        }
        int depth = _state.LocalDepth(cpu.Id);
        if (depth == KernelLayout.KmapLocalDepth)
        {
            throw new InvalidOperationException($"CPU {cpu.Id} has {depth} temporary mappings nested already, which is all there are.");
        }
        return SetFixmap(HighmemState.LocalIndex(cpu.Id, depth), pfn, cpu, cause);
    }

    /// <summary>Ends the mapping made last on this CPU (<c>kunmap_local</c>).</summary>
    /// <exception cref="InvalidOperationException">It is not the one made last.</exception>
    public void UnmapLocal(ulong address, CpuClock cpu, long cause)
    {
        if (address < KernelLayout.FixmapAddress(_state.FixedAddresses) || _state.FixedAddresses == 0)
        {
            return;
        }
        int depth = _state.LocalDepth(cpu.Id) - 1;
        if (depth < 0 || KernelLayout.FixmapAddress(HighmemState.LocalIndex(cpu.Id, depth)) != address)
        {
            throw new InvalidOperationException($"The temporary mapping at 0x{address:x} is not the one that CPU {cpu.Id} made last.");
        }
        ClearFixmap(HighmemState.LocalIndex(cpu.Id, depth), cpu, cause);
    }

    /// <summary>Gives a frame a fixed address (<c>set_fixmap</c>).</summary>
    /// <returns>The address.</returns>
    public ulong SetFixmap(int index, long pfn, CpuClock cpu, long cause)
    {
        ulong address = KernelLayout.FixmapAddress(index);
        cpu.Charge(_entryPs);
        MakeTables(address, cpu, cause);
        var e = new FixmapSet(index, pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return address;
    }

    /// <summary>Takes a fixed address back (<c>clear_fixmap</c>); the CPU drops its translation.</summary>
    public void ClearFixmap(int index, CpuClock cpu, long cause)
    {
        cpu.Charge(_entryPs);
        var e = new FixmapSet(index, -1);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        _cpus[cpu.Id].InvalidatePage(KernelLayout.FixmapAddress(index), header.Sequence);
    }

    /// <summary>
    /// The next free mapping behind the last one made; those without users are flushed each time the search begins anew
    /// (<c>map_new_virtual</c>). Where it stopped when it found none makes no difference: nothing is free before the next flush.
    /// </summary>
    private int FindSlot(CpuClock cpu, long cause)
    {
        int slots = _layout.PkmapSlots, slot = _state.LastSlot;
        for (int left = slots; left > 0; left--)
        {
            slot = (slot + 1) & (slots - 1);
            if (slot == 0)
            {
                FlushUnused(cpu, cause);
                left = slots;
            }
            if (_state.Count(slot) == 0)
            {
                return slot;
            }
        }
        return -1;
    }

    private void FlushUnused(CpuClock cpu, long cause)
    {
        int unused = 0;
        for (int slot = 0; slot < _layout.PkmapSlots; slot++)
        {
            unused += _state.Count(slot) == 1 ? 1 : 0;
        }
        if (unused > 0)
        {
            var e = new KmapFlush(unused);
            EventHeader header = _journal.Emit(in e, cause);
            _state.Apply(in e, in header);
            _tlb.FlushKernelRange(_layout.PkmapBase, _layout.PkmapAddress(_layout.PkmapSlots), cpu.Id, header.Sequence);
        }
    }

    private void MakeTables(ulong address, CpuClock cpu, long cause)
    {
        if (!_tables.MakeTables(address, cpu, cause))
        {
            throw new InvalidOperationException($"There is no memory for the page table of the temporary mapping at 0x{address:x}.");
        }
    }
}
