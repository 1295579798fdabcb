using Sim.Engine.Events;
using Sim.Engine.Time;
using Sim.Hardware.Dram;
using Sim.Hardware.Segmentation;
using Sim.Hardware.Tlb;

namespace Sim.Hardware.Cpu;

/// <summary>
/// An in-order core with its segment registers, TLBs and page walker. It has a time of its own, which may run ahead of the
/// scheduler's by a quantum; everything it logs carries that time. Allocates nothing per access. Not thread-safe.
/// </summary>
public sealed partial class Cpu : CpuClock
{
    private readonly CpuOptions _costs;
    private readonly CpuState _state;
    private readonly Journal _journal;
    private readonly MemoryPort _port;
    private readonly Mmu _mmu;
    private readonly SegmentationUnit _segments;
    private readonly DescriptorTables _descriptors;
    private readonly bool _pcid, _longMode;
    private long _accesses, _faults;

    /// <param name="id">Its number, from 0.</param>
    /// <param name="options">The machine.</param>
    /// <param name="state">The sourced state of the hardware.</param>
    /// <param name="dram">The memory all CPUs share.</param>
    /// <param name="journal">Where events go.</param>
    public Cpu(int id, HardwareOptions options, HardwareState state, DramController dram, Journal journal)
        : base(id, journal)
    {
        _costs = options.Cpu;
        _state = state.Cpus;
        _journal = journal;
        _pcid = options.Tlb.Pcid;
        Clock = ClockDomain.FromMegahertz(options.CpuFrequencyMhz);
        _port = new MemoryPort(dram, Clock, journal);
        _mmu = new Mmu(id, options, state, _port, journal);
        _descriptors = state.Descriptors;
        _longMode = _descriptors.Initial.LongMode;
        _segments = new SegmentationUnit(_descriptors, id);
        _mmu.SetMode(Mode);
        _mmu.SetRoot(Root, Asid);
        ReloadSegments();
    }

    /// <summary>The core's clock.</summary>
    public ClockDomain Clock { get; }

    /// <summary>The core's own time, in picoseconds.</summary>
    public override long TimePs => _port.TimePs;

    /// <summary>The core's own time, in cycles of its clock.</summary>
    public long Cycle => _port.Cycle;

    /// <summary>Privilege.</summary>
    public CpuMode Mode => _state.Mode(Id);

    /// <summary>Entries into the kernel not yet returned from.</summary>
    public int Depth => _state.Depth(Id);

    /// <summary>Frame of the top page table (CR3); -1 before the first <see cref="LoadRoot(long, int, long)"/>.</summary>
    public long Root => _state.RootPfn(Id);

    /// <summary>Process-context identifier; 0 where PCID is off.</summary>
    public int Asid => _state.Asid(Id);

    /// <summary>
    /// Cause of the hardware's own events (TLB, walks, DRAM): the event that set the CPU on its present course. Entering and
    /// leaving the kernel and loading CR3 set it.
    /// </summary>
    public long Cause
    {
        get => _port.Cause;
        set => _port.Cause = value;
    }

    /// <summary>
    /// Every use of a TLB entry is compared with the page tables, at a cost in real time and none in simulated: a
    /// <see cref="StaleTranslationException"/> tells of a flush that was forgotten.
    /// </summary>
    public bool ChecksTranslations
    {
        get => _mmu.ChecksHits;
        set => _mmu.ChecksHits = value;
    }

    /// <summary>What it has done.</summary>
    public CpuCounters Counters => new(_accesses, _mmu.L1Misses, _mmu.Walks, _mmu.EntriesRead, _faults);

    /// <summary>The machine's dispatch begins: the core's time is at least the scheduler's, and the journal's is the core's.</summary>
    public override void BeginDispatch(long nowPs)
    {
        if (nowPs > _port.TimePs)
        {
            _port.Cycle = _port.CycleAtOrAfter(nowPs);
        }
        _port.Stamp();
    }

    /// <summary>Lets time pass: the core goes on at its first cycle at or after the end.</summary>
    /// <param name="ps">Picoseconds, not negative.</param>
    public override void Charge(long ps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ps);
        _port.Cycle = _port.CycleAtOrAfter(checked(_port.TimePs + ps));
        _port.Stamp();
    }

    /// <summary>Lets cycles of the core pass.</summary>
    /// <param name="cycles">Cycles, not negative.</param>
    public void ChargeCycles(long cycles)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cycles);
        _port.Cycle = checked(_port.Cycle + cycles);
        _port.Stamp();
    }

    /// <summary>Enters the kernel. In the kernel already, the entry nests.</summary>
    /// <param name="kind">Way in.</param>
    /// <param name="vector">Exception or interrupt vector, or the system call's number.</param>
    /// <param name="errorCode">Error code of an exception, else 0.</param>
    /// <param name="address">Linear address of a page fault, else 0.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    /// <returns>Where the entry stands in the log: the cause of what the kernel does.</returns>
    public EventHeader EnterKernel(EntryKind kind, int vector, long errorCode, ulong address, long cause)
    {
        _port.Stamp();
        var e = new CpuEnter((byte)Id, kind, vector, checked((int)errorCode), (long)address);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        ModeChanged(header.Sequence);
        ChargeCycles(kind switch
        {
            EntryKind.Syscall => _costs.SyscallEntryCycles,
            EntryKind.Exception => _costs.ExceptionEntryCycles,
            _ => _costs.InterruptEntryCycles,
        });
        return header;
    }

    /// <summary>Goes to user mode, from however deep in the kernel.</summary>
    public EventHeader ReturnToUser(long cause) => Return(toUser: true, cause);

    /// <summary>Ends a nested entry: back to the kernel code that an exception or interrupt had stopped.</summary>
    /// <exception cref="InvalidOperationException">No nested entry is under way.</exception>
    public EventHeader ReturnToKernel(long cause)
    {
        if (_state.Depth(Id) < 2)
        {
            throw new InvalidOperationException($"CPU {Id} has no nested kernel entry to return from.");
        }
        return Return(toUser: false, cause);
    }

    /// <summary>Loads CR3. Without PCID this flushes the TLB entries that are not global.</summary>
    /// <param name="pfn">Frame of the top page table.</param>
    /// <param name="asid">Process-context identifier, 0 to 4094; ignored where PCID is off.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    public EventHeader LoadRoot(long pfn, int asid, long cause) => LoadRoot(pfn, asid, flush: false, cause);

    /// <summary>Loads CR3, with bit 63 clear or set (Intel SDM volume 3A, 4.10.4.1).</summary>
    /// <param name="pfn">Frame of the top page table.</param>
    /// <param name="asid">Process-context identifier, 0 to 4094; ignored where PCID is off.</param>
    /// <param name="flush">The identifier's entries that are not global are dropped; without PCID they always are.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    public EventHeader LoadRoot(long pfn, int asid, bool flush, long cause)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pfn);
        if ((uint)asid >= TlbGeometry.GlobalAsid)
        {
            throw new ArgumentOutOfRangeException(nameof(asid), asid, "A process-context identifier is 0 to 4094.");
        }
        _port.Stamp();
        var e = new CpuLoadRoot((byte)Id, pfn, _pcid ? (short)asid : (short)0);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        Cause = header.Sequence;
        _mmu.SetRoot(pfn, e.Asid);
        if (!_pcid || flush)
        {
            _mmu.Flush(_pcid ? TlbFlushScope.Context : TlbFlushScope.NonGlobal, e.Asid);
        }
        ChargeCycles(_costs.LoadRootCycles);
        return header;
    }

    /// <summary>Drops the translations of one page (INVLPG), global ones too.</summary>
    public void InvalidatePage(ulong virtualAddress, long cause) => InvalidatePages(virtualAddress, 1, cause);

    /// <summary>Drops the translations of a range of pages; costs one INVLPG each.</summary>
    /// <param name="virtualAddress">Any address in the first page.</param>
    /// <param name="pages">Number of 4 KiB pages.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    public void InvalidatePages(ulong virtualAddress, long pages, long cause)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pages);
        long before = Cause;
        Cause = cause;
        _mmu.Invalidate(virtualAddress >> 12, pages);
        Cause = before;
        ChargeCycles(checked(pages * _costs.InvalidatePageCycles));
    }

    /// <summary>Drops many translations at once; costs as much as a CR3 load.</summary>
    /// <param name="scope">Which; <see cref="TlbFlushScope.Context"/> is the present address space.</param>
    /// <param name="cause">Sequence of the nearest logged ancestor; -1 for none.</param>
    public void FlushTlb(TlbFlushScope scope, long cause)
    {
        long before = Cause;
        Cause = cause;
        _mmu.Flush(scope, scope == TlbFlushScope.Context ? Asid : 0);
        Cause = before;
        ChargeCycles(_costs.LoadRootCycles);
    }

    private EventHeader Return(bool toUser, long cause)
    {
        _port.Stamp();
        int cycles = _state.LastEntry(Id) == EntryKind.Syscall ? _costs.SyscallReturnCycles : _costs.InterruptReturnCycles;
        var e = new CpuReturn((byte)Id, toUser);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        ModeChanged(header.Sequence);
        ChargeCycles(cycles);
        return header;
    }

    private void ModeChanged(long sequence)
    {
        Cause = sequence;
        _mmu.SetMode(Mode);
        LoadSegmentsOfMode();
    }
}
