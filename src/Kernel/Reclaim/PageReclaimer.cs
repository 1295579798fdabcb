using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim.Generations;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim;

/// <summary>
/// Takes pages off the lists and decides which go: looks at their references, unmaps them, writes them out, frees them
/// (<c>shrink_inactive_list</c>, <c>shrink_folio_list</c>, <c>shrink_active_list</c> of mm/vmscan.c, Linux 6.1). It finds pages
/// through the lists and their entries through the reverse map.
/// </summary>
internal sealed class PageReclaimer
{
    private readonly AddressSpaces _spaces;
    private readonly ReclaimState _state;
    private readonly PageAllocator _allocator;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly SwapIo _io;
    private readonly FileIo _files;
    private readonly Flusher _flusher;
    private readonly HugePageSplitter _splitter;
    private readonly long _scanPs, _unmapPs;
    private readonly List<(int Pid, long Vpn, bool Dirty)> _unmapped = [];
    private readonly List<(int Pfn, long Cause)> _freed = [];
    private bool _dirtyDeferred;

    public PageReclaimer(
        AddressSpaces spaces, PageAllocator allocator, Journal journal, ITlbFlush tlb, SwapIo io, FileIo files, Flusher flusher,
        ReclaimOptions options, MmCosts costs)
    {
        _splitter = new HugePageSplitter(spaces, allocator, journal, tlb, costs);
        _files = files;
        _flusher = flusher;
        _spaces = spaces;
        _state = spaces.Reclaim!;
        _allocator = allocator;
        _frames = allocator.State.Frames;
        _journal = journal;
        _tlb = tlb;
        _io = io;
        _scanPs = options.ScanPageNs * 1000L;
        _unmapPs = options.UnmapPageNs * 1000L;
    }

    /// <summary>A page that somebody is about to map or copy, which a reference would hold in the kernel: it stays; -1 for none.</summary>
    public long Pinned { get; set; } = -1;

    /// <summary>Looks at the neighbours of accessed entries; null for lists.</summary>
    public GenerationReclaim? Generations { get; set; }

    /// <summary>What it works on.</summary>
    public ReclaimState State => _state;

    /// <summary>Looks at pages off the end of an inactive list.</summary>
    /// <returns>How many were freed.</returns>
    public int ShrinkInactive(LruList list, int pages, ReclaimPass pass, CpuClock cpu)
    {
        Drain(cpu, pass.Cause);
        var isolate = new LruIsolate(list, pages, pass.Highest, pass.Kswapd);
        EventHeader header = _journal.Emit(in isolate, pass.Cause);
        _spaces.Apply(in isolate, in header);
        int taken = _spaces.LastIsolation.Taken;
        if (taken == 0)
        {
            return 0;
        }
        cpu.Charge(taken * _scanPs);
        pass.Scanned += taken;
        pass.Taken += taken;
        long unqueued = pass.UnqueuedDirty;
        pass.FileTaken += list.IsFile() ? taken : 0;
        int freed = LookAtAll(pass, out int written, cpu, header.Sequence);
        if (written > 0)
        {
            var cost = new ReclaimCost(list.IsFile(), written);
            EventHeader noted = _journal.Emit(in cost, header.Sequence);
            _state.Apply(in cost, in noted);
        }
        if (pass.UnqueuedDirty - unqueued == taken)
        {
            // Nothing but what the flusher has not come to yet.
            _flusher.StartAll(cpu, header.Sequence);
        }
        return freed;
    }

    /// <summary>Decides about all pages that are off the lists, and frees those that go (<c>shrink_folio_list</c>).</summary>
    /// <returns>How many were freed.</returns>
    public int LookAtAll(ReclaimPass pass, out int written, CpuClock cpu, long cause)
    {
        int freed = 0;
        written = 0;
        for (int pfn; (pfn = _state.Lru.FirstIsolated) >= 0;)
        {
            freed += Look(pfn, pass, ref written, cpu, cause);
        }
        Finish(cpu, cause);
        return freed;
    }

    /// <summary>Makes pages off the end of an active list inactive.</summary>
    public void ShrinkActive(LruList list, int pages, ReclaimPass pass, CpuClock cpu)
    {
        Drain(cpu, pass.Cause);
        var e = new LruDeactivate(list, pages, pass.Highest);
        EventHeader header = _journal.Emit(in e, pass.Cause);
        _spaces.Apply(in e, in header);
        FlushOldBlocks(cpu, header.Sequence);
        cpu.Charge(_spaces.LastIsolation.Taken * _scanPs);
    }

    /// <summary>Takes one page away that was chosen (<c>reclaim_folio_list</c>); true when it is freed with <see cref="Finish"/>.</summary>
    public bool TakeAway(int pfn, ReclaimPass pass, CpuClock cpu)
    {
        if (!_frames[pfn].Has(PageFlags.Lru | PageFlags.Batched) || _frames[pfn].Has(PageFlags.Unevictable))
        {
            return false;
        }
        var take = new LruTake(pfn);
        EventHeader header = _journal.Emit(in take, pass.Cause);
        _spaces.Apply(in take, in header);
        cpu.Charge(_scanPs);
        int written = 0, freed = Look(pfn, pass, ref written, cpu, header.Sequence);
        // What it was split into.
        for (int piece; (piece = _state.Lru.FirstIsolated) >= 0;)
        {
            freed += Look(piece, pass, ref written, cpu, header.Sequence);
        }
        return freed > 0;
    }

    /// <summary>Puts what a CPU has gathered on the lists (<c>lru_add_drain</c>).</summary>
    public void Drain(CpuClock cpu, long cause) => LruFeed.Drain(_state.Lru, _journal, cpu, cause);

    /// <summary>
    /// The end of a list of pages: all CPUs forget what was unmapped, in one flush, and then the frames are freed
    /// (<c>try_to_unmap_flush</c> and <c>free_unref_page_list</c>).
    /// </summary>
    public void Finish(CpuClock cpu, long cause)
    {
        Flush(cpu, cause);
        foreach ((int pfn, long freedBy) in _freed)
        {
            _allocator.FreePages(pfn, _frames[pfn].Order, cpu, freedBy);
        }
        _freed.Clear();
    }

    /// <summary>Decides about one page; returns how many are freed with <see cref="Finish"/>.</summary>
    private int Look(int pfn, ReclaimPass pass, ref int written, CpuClock cpu, long cause)
    {
        ref Frame frame = ref _frames[pfn];
        bool lazy = frame.Has(PageFlags.LazyFree), anon = frame.Use == FrameUse.Anon && !lazy, swapBacked = LruLists.IsSwapBacked(in frame);
        int pages = 1 << frame.Order;
        pass.UnqueuedDirty += !swapBacked && frame.Has(PageFlags.Dirty) && !frame.Has(PageFlags.Writeback) ? 1 : 0;
        if (frame.Has(PageFlags.Writeback))
        {
            bool immediate = pass.Kswapd && pass.AllWriteback && frame.Has(PageFlags.Reclaim);
            _ = immediate ? pass.Immediate += pages : pass.Writeback += pages;
            return Keep(pfn, KeepReason.Writeback, cpu, cause);
        }
        if (frame.Has(PageFlags.Locked) || (Pinned >= 0 && pfn == _spaces.Blocks.Head(Pinned)))
        {
            return Keep(pfn, KeepReason.MayNot, cpu, cause);
        }
        bool executable, locked;
        int references;
        if (Generations is null || pass.IgnoreReferences)
        {
            references = _spaces.References(pfn, out executable, out locked);
        }
        else if (frame.MapCount > 0 && frame.Has(PageFlags.Referenced))
        {
            // It would have been promoted meanwhile, had it not been off its list.
            return Keep(pfn, KeepReason.Referenced, cpu, cause);
        }
        else
        {
            references = Generations.References(pfn, pass, cpu, cause, out executable, out locked);
        }
        bool referenced = frame.Has(PageFlags.Referenced);
        if (locked || (references > 0 && !pass.IgnoreReferences))
        {
            bool activate = locked || referenced || references > 1 || (executable && !swapBacked);
            return Keep(pfn, activate ? KeepReason.Activated : KeepReason.Referenced, cpu, cause);
        }
        if (lazy && _spaces.IsWritten(pfn))
        {
            return Keep(pfn, KeepReason.Rewritten, cpu, cause);
        }
        if (swapBacked && _io.IsFull(pfn, cpu))
        {
            pass.QueueFull = true;
            return Keep(pfn, KeepReason.MayNot, cpu, cause);
        }
        if (anon && !frame.Has(PageFlags.SwapCache))
        {
            int slot = pages > 1 ? SlotsOf(pfn, pass, cpu, cause) : 0;
            if (pages > 1 && frame.MapCount == 0 && slot == 0)
            {
                // Of what it was split into, this page was free.
                return 0;
            }
            pages = 1 << frame.Order;
            slot = slot != 0 ? slot : _io.NextSlot(cpu, cause);
            if (slot == 0)
            {
                return Keep(pfn, KeepReason.NoSwap, cpu, cause);
            }
            Unmap(pfn, slot, cpu, cause);
        }
        else if (pages > 1 ? _spaces.Blocks.IsMapped(pfn) : frame.MapCount > 0)
        {
            Unmap(pfn, 0, cpu, cause);
        }
        bool wanted = !anon || _spaces.IsSwapped(pfn);
        if (frame.Has(PageFlags.Dirty) && wanted)
        {
            if (!swapBacked && !pass.IgnoreReferences && !(pass.Kswapd && pass.AllDirty && frame.Has(PageFlags.Reclaim)))
            {
                return Keep(pfn, KeepReason.Dirty, cpu, cause);
            }
            if (!pass.MayWrite || (!swapBacked && referenced))
            {
                return Keep(pfn, KeepReason.MayNot, cpu, cause);
            }
            if (!swapBacked && _files.IsFull)
            {
                pass.QueueFull = true;
                return Keep(pfn, KeepReason.MayNot, cpu, cause);
            }
            if (swapBacked && !anon && !MoveToSwapCache(pfn, cpu, cause))
            {
                return 0;
            }
            written += pages;
            if (_dirtyDeferred)
            {
                // No CPU may write to a page that is being written (try_to_unmap_flush_dirty).
                Flush(cpu, cause);
            }
            if (swapBacked ? !_io.Write(pfn, cpu, cause) : !WriteFile(pfn, cpu, cause))
            {
                return 0;
            }
        }
        var free = new ReclaimFree(pfn);
        EventHeader header = _journal.Emit(in free, cause);
        _spaces.Apply(in free, in header);
        _freed.Add((pfn, header.Sequence));
        return pages;
    }

    /// <summary>
    /// First slot of a cluster for a huge page. 0 when it was split instead: into pages that reclaim looks at next, because
    /// nothing maps it as a whole, so that some of them may be free, or because no cluster is.
    /// </summary>
    private int SlotsOf(int pfn, ReclaimPass pass, CpuClock cpu, long cause)
    {
        bool entire = _spaces.Blocks.EntireMaps(pfn) > 0;
        int slot = entire ? _io.TakeCluster(cause) : 0;
        if (slot == 0)
        {
            _splitter.SplitBlock(pfn, entire ? SplitReason.NoCluster : SplitReason.Pieces, isolated: true, cpu, cause);
            // The pages make their own pass.
            pass.Scanned -= _spaces.Blocks.Pages - 1;
        }
        return slot;
    }

    /// <summary>A page of shared memory gets a slot; without one it stays, and is active (<c>shmem_writepage</c>).</summary>
    private bool MoveToSwapCache(int pfn, CpuClock cpu, long cause)
    {
        int slot = _io.NextSlot(cpu, cause);
        if (slot == 0)
        {
            Keep(pfn, KeepReason.NoSwap, cpu, cause);
            return false;
        }
        var e = new ShmemWritepage(pfn, slot, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return true;
    }

    /// <summary>Begins to write a page of a file (<c>pageout</c>); it is not done on return.</summary>
    private bool WriteFile(int pfn, CpuClock cpu, long cause)
    {
        var e = new ReclaimPageout(pfn, Done: false);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _files.Gather(pfn, write: true, cpu, header.Sequence);
        _files.Submit(cpu, header.Sequence);
        return false;
    }

    private int Keep(int pfn, KeepReason reason, CpuClock cpu, long cause)
    {
        var e = new ReclaimKeep(pfn, reason);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        FlushOldBlocks(cpu, header.Sequence);
        return 0;
    }

    private void FlushOldBlocks(CpuClock cpu, long cause)
    {
        int shift = _spaces.Tables.Mode.ShiftOf(1);
        foreach ((int pid, long vpn) in _spaces.OldBlocks)
        {
            ulong start = (ulong)vpn << 12;
            _tlb.FlushRange(_spaces[pid], start, start + (1UL << shift), cpu.Id, cause, shift);
        }
    }

    private void Unmap(int pfn, int slot, CpuClock cpu, long cause)
    {
        ReverseMap map = _spaces.ReverseMap;
        int pages = 1 << _frames[pfn].Order;
        if (pages > 1)
        {
            _splitter.SplitEntries(pfn, cpu, cause);
        }
        _unmapped.Clear();
        for (int piece = pfn; piece < pfn + pages; piece++)
        {
            for (int entry = map.First(piece); entry != 0; entry = map.Next(entry))
            {
                (int pid, long vpn) = map[entry];
                ulong pte = _spaces.Tables.ReadPte(_spaces[pid].Root, (ulong)vpn << 12);
                _unmapped.Add((pid, vpn, (pte & (ulong)PteFlags.Dirty) != 0));
            }
        }
        cpu.Charge(_unmapped.Count * _unmapPs);
        var e = new ReclaimUnmap(pfn, slot, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        foreach ((int pid, long vpn, bool dirty) in _unmapped)
        {
            ulong address = (ulong)vpn << 12;
            Forget(_spaces[pid], address, address + 4096, dirty, ITlbFlush.PageShift, cpu, header.Sequence);
        }
    }

    /// <summary>
    /// CPUs are to forget an entry that was cleared: at once, or when others may remember it with the batch
    /// (<c>should_defer_flush</c>, <c>set_tlb_ubc_flush_pending</c> of mm/rmap.c).
    /// </summary>
    private void Forget(AddressSpace mm, ulong start, ulong end, bool dirty, int shift, CpuClock cpu, long cause)
    {
        if (_tlb.ShouldDefer(mm, cpu.Id))
        {
            _tlb.AddToBatch(mm, cpu.Id, cause);
            _dirtyDeferred |= dirty;
        }
        else
        {
            _tlb.FlushRange(mm, start, end, cpu.Id, cause, shift);
        }
    }

    private void Flush(CpuClock cpu, long cause)
    {
        _tlb.FlushBatch(cpu.Id, cause);
        _dirtyDeferred = false;
    }
}
