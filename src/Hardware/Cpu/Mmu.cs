using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Engine.Snapshots;
using Sim.Hardware.Paging;
using Sim.Hardware.Tlb;

namespace Sim.Hardware.Cpu;

/// <summary>Linear to physical: first-level TLB, second-level TLB, page walk.</summary>
internal sealed class Mmu
{
    private readonly PagingMode _mode;
    private readonly MemoryPort _port;
    private readonly TlbUnit _tlb;
    private readonly PageWalker _walker;
    private readonly TlbOptions _options;
    private readonly Journal _journal;
    private readonly int _cpu, _largeShift;
    private readonly bool _logHits;
    private readonly ulong[] _needs = new ulong[4];
    private readonly TranslationCheck _check;
    private TranslationShortcuts _shortcuts;
    [NotInSnapshot] private bool _checks;
    private bool _user;

    public Mmu(int cpu, HardwareOptions options, HardwareState state, MemoryPort port, Journal journal)
    {
        _cpu = cpu;
        _mode = options.Paging;
        _options = options.Tlb;
        _port = port;
        _journal = journal;
        _logHits = options.Detail == LogDetail.Full;
        _largeShift = state.Tlb.Geometry.LargePageShift;
        _tlb = new TlbUnit(cpu, state.Tlb, journal);
        _check = new TranslationCheck(cpu, options.Paging, state.Memory);
        _walker = new PageWalker(options.Paging, state.Memory, journal, port, options.Tlb.PdeCacheEntries);
        SetMode(CpuMode.Kernel);
    }

    /// <summary>Frame of the top page table; -1 for none.</summary>
    public long RootPfn { get; private set; } = -1;

    /// <summary>Process-context identifier.</summary>
    public int Asid { get; private set; }

    /// <summary>Translations that the first level did not have.</summary>
    public long L1Misses { get; private set; }

    /// <summary>Translations that no level had with the rights needed.</summary>
    public long Walks { get; private set; }

    /// <summary>Page-table entries read by walks.</summary>
    public long EntriesRead => _walker.EntriesRead;

    /// <summary>Every use of a TLB entry is compared with the page tables; see <see cref="StaleTranslationException"/>.</summary>
    public bool ChecksHits
    {
        get => _checks;
        set => _checks = value;
    }

    /// <summary>Compares what the next accesses may use without a look into the TLB.</summary>
    public void CheckShortcuts()
    {
        for (uint kind = 0; kind < 4; kind++)
        {
            ref TranslationShortcuts.Entry shortcut = ref Shortcut(kind);
            if (shortcut.Vpn != TranslationShortcuts.NoPage)
            {
                CheckHit(shortcut.Vpn, shortcut.Frame, shortcut.Slot);
            }
        }
    }

    /// <summary>Whether hits are logged.</summary>
    public bool LogsHits => _logHits;

    public void SetMode(CpuMode mode)
    {
        _user = mode == CpuMode.User;
        ulong user = _user ? (ulong)TlbFlags.User : 0;
        _needs[(int)AccessKind.Fetch] = user | (ulong)TlbFlags.Execute;
        _needs[(int)AccessKind.Load] = user;
        _needs[(int)AccessKind.Store] = user | (ulong)(TlbFlags.Write | TlbFlags.Dirty);
        _needs[(int)AccessKind.Modify] = _needs[(int)AccessKind.Store];
        ClearShortcuts();
    }

    public void SetRoot(long rootPfn, int asid)
    {
        RootPfn = rootPfn;
        Asid = asid;
        _walker.PdeCache.Clear();
        ClearShortcuts();
    }

    public void Flush(TlbFlushScope scope, int asid)
    {
        _walker.PdeCache.Clear();
        ClearShortcuts();
        _port.Stamp();
        _tlb.Flush(scope, asid, _port.Cause);
    }

    public void Invalidate(ulong vpn, long pages)
    {
        _walker.PdeCache.Clear();
        ClearShortcuts();
        _port.Stamp();
        _tlb.Invalidate(Asid, vpn, pages, _port.Cause);
    }

    /// <summary>The shortcut of a kind of access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref TranslationShortcuts.Entry Shortcut(uint kind) =>
        ref Unsafe.Add(ref Unsafe.As<TranslationShortcuts, TranslationShortcuts.Entry>(ref _shortcuts), kind);

    /// <summary>Counts a use of a TLB slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(int slot) => _tlb.Touch(slot);

    /// <summary>Looks the page up in the first level; on a hit with the rights needed sets the shortcut and counts a use.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryFirstLevel(uint kind, ulong vpn)
    {
        bool instruction = kind == (uint)AccessKind.Fetch;
        ulong need = _needs[kind];
        int slot = _tlb.FindL1(instruction, vpn, Asid, large: false);
        if (slot >= 0)
        {
            ulong data = _tlb.DataOf(slot);
            return (data & need) == need && SetShortcut(kind, vpn, data & ~0xFFFUL, slot);
        }
        slot = _tlb.FindL1(instruction, vpn, Asid, large: true);
        if (slot >= 0)
        {
            ulong data = _tlb.DataOf(slot);
            return (data & need) == need && SetShortcut(kind, vpn, (data & ~0xFFFUL) + ((vpn & ((1UL << _largeShift) - 1)) << 12), slot);
        }
        return false;
    }

    /// <summary>Translates the page of an address for an access; sets the shortcut of the kind.</summary>
    /// <returns>False: the exception is in <paramref name="fault"/>.</returns>
    public bool Translate(ulong virtualAddress, AccessKind kind, out ulong frame, ref PageFault fault)
    {
        ulong vpn = virtualAddress >> 12;
        ref TranslationShortcuts.Entry shortcut = ref Shortcut((uint)kind);
        if (shortcut.Vpn == vpn)
        {
            Touch(shortcut.Slot);
        }
        else if (!TryFirstLevel((uint)kind, vpn) && !TryGlobalFirstLevel(kind, vpn))
        {
            return TranslateSlowly(virtualAddress, kind, out frame, ref fault);
        }
        frame = shortcut.Frame;
        if (_logHits)
        {
            LogHit(vpn, 1, kind);
        }
        return true;
    }

    private bool TranslateSlowly(ulong virtualAddress, AccessKind kind, out ulong frame, ref PageFault fault)
    {
        frame = 0;
        if (!_mode.IsCanonical(virtualAddress))
        {
            fault = new PageFault { Vector = ExceptionVector.GeneralProtection, Address = virtualAddress, Kind = kind };
            return false;
        }
        L1Misses++;
        ulong vpn = virtualAddress >> 12;
        if (TrySecondLevel(kind, vpn, Asid) || (_options.Pcid && TrySecondLevel(kind, vpn, TlbGeometry.GlobalAsid)))
        {
            frame = Shortcut((uint)kind).Frame;
            return true;
        }
        Walks++;
        if (RootPfn < 0)
        {
            throw new InvalidOperationException($"CPU {_cpu} accesses 0x{virtualAddress:x} before it has loaded an address space.");
        }
        if (!_walker.Walk(RootPfn, virtualAddress, kind, _user, out WalkResult walk))
        {
            // A page fault drops the entries of its page (SDM volume 3A, 4.10.4.1), so a stale right faults only once.
            Invalidate(vpn, 1);
            fault = new PageFault
            {
                Vector = ExceptionVector.PageFault,
                ErrorCode = (int)walk.ErrorCode,
                Address = virtualAddress,
                Kind = kind,
            };
            return false;
        }
        bool large = (walk.Flags & TlbFlags.Large) != 0;
        int asid = _options.Pcid && (walk.Flags & TlbFlags.Global) != 0 ? TlbGeometry.GlobalAsid : Asid;
        TlbFlags flags = walk.Flags | (kind == AccessKind.Fetch ? TlbFlags.Instruction : TlbFlags.None);
        ClearShortcuts();
        _port.Stamp();
        int slot = _tlb.Fill(vpn, asid, walk.Pfn, flags, _port.Cause);
        frame = FrameOf((ulong)walk.Pfn << 12, vpn, large);
        SetEntry((uint)kind, vpn, frame, slot);
        return true;
    }

    private bool TryGlobalFirstLevel(AccessKind kind, ulong vpn)
    {
        if (!_options.Pcid)
        {
            return false;
        }
        foreach (bool large in (ReadOnlySpan<bool>)[false, true])
        {
            int slot = _tlb.FindL1(kind == AccessKind.Fetch, vpn, TlbGeometry.GlobalAsid, large);
            if (slot >= 0 && (_tlb.DataOf(slot) & _needs[(int)kind]) == _needs[(int)kind])
            {
                return SetShortcut((uint)kind, vpn, FrameOf(_tlb.DataOf(slot) & ~0xFFFUL, vpn, large), slot);
            }
        }
        return false;
    }

    private bool TrySecondLevel(AccessKind kind, ulong vpn, int asid)
    {
        ulong need = _needs[(int)kind];
        bool large = false;
        int slot = _tlb.FindL2(vpn, asid, large: false);
        if (slot < 0)
        {
            large = true;
            slot = _tlb.FindL2(vpn, asid, large: true);
        }
        if (slot < 0 || (_tlb.DataOf(slot) & need) != need)
        {
            return false;
        }
        _port.Cycle += _options.L2HitCycles;
        ulong frame = FrameOf(_tlb.DataOf(slot) & ~0xFFFUL, vpn, large);
        if (_checks)
        {
            CheckHit(vpn, frame, slot);
        }
        ClearShortcuts();
        _port.Stamp();
        if (_logHits)
        {
            LogHit(vpn, 2, kind);
        }
        int first = _tlb.Promote(slot, kind == AccessKind.Fetch, vpn, asid, large, _port.Cause);
        SetEntry((uint)kind, vpn, frame, first);
        return true;
    }

    private ulong FrameOf(ulong pageAddress, ulong vpn, bool large) =>
        large ? pageAddress + ((vpn & ((1UL << _largeShift) - 1)) << 12) : pageAddress;

    private void LogHit(ulong vpn, byte level, AccessKind kind)
    {
        _port.Stamp();
        _journal.Emit(new TlbHit((byte)_cpu, (long)vpn, level, kind == AccessKind.Fetch), _port.Cause);
    }

    private bool SetShortcut(uint kind, ulong vpn, ulong frame, int slot)
    {
        _tlb.Touch(slot);
        SetEntry(kind, vpn, frame, slot);
        if (_checks)
        {
            CheckHit(vpn, frame, slot);
        }
        return true;
    }

    private void CheckHit(ulong vpn, ulong frame, int slot) =>
        _check.Require(RootPfn, vpn, frame, (TlbFlags)(_tlb.DataOf(slot) & 0xfff));

    private void SetEntry(uint kind, ulong vpn, ulong frame, int slot) =>
        Shortcut(kind) = new TranslationShortcuts.Entry { Vpn = vpn, Frame = frame, Slot = slot };

    private void ClearShortcuts()
    {
        for (uint kind = 0; kind < 4; kind++)
        {
            Shortcut(kind).Vpn = TranslationShortcuts.NoPage;
        }
    }
}
