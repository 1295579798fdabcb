using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Faults;

/// <summary>
/// Faults at pages that are swapped out: found in the swap cache, or read, with others that will probably be wanted
/// (<c>do_swap_page</c> of mm/memory.c, <c>swapin_readahead</c> of mm/swap_state.c, Linux 6.1). The task sleeps while its page is
/// read, and faults again.
/// </summary>
internal sealed class SwapFaults
{
    /// <summary>The kernel's readahead asks once, quietly; so that nobody is killed for a page that nobody has asked for.</summary>
    private const GfpFlags AheadGfp = GfpFlags.HighUserMovable | GfpFlags.NoRetry | GfpFlags.NoWarn;

    private readonly AddressSpaces _spaces;
    private readonly ReclaimState _state;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly SwapIo _io;
    private readonly int _maxWindow;
    private long[] _waitsFor = new long[16];

    public SwapFaults(AddressSpaces spaces, FrameTable frames, Journal journal, SwapIo io, ChargedPages pages)
    {
        Pages = pages;
        _spaces = spaces;
        _state = spaces.Reclaim!;
        _frames = frames;
        _journal = journal;
        _io = io;
        _maxWindow = 1 << _state.Swap.Options.PageCluster;
    }

    /// <summary>Where pages come from.</summary>
    public ChargedPages Pages { get; }

    /// <summary>Maps the page of an entry that names a slot, or has its task wait for it.</summary>
    /// <param name="mm">The address space.</param>
    /// <param name="address">Address of the access.</param>
    /// <param name="entry">Its entry.</param>
    /// <param name="write">The access writes.</param>
    /// <param name="copies">Goes on with a write to a page that is not the process's alone, in the same fault; null where nothing is written.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the entry into the kernel.</param>
    public FaultResult Handle(
        AddressSpace mm, ulong address, ulong entry, bool write, WriteProtectFaults? copies, CpuClock cpu, long cause)
    {
        PagingMode mode = _spaces.Tables.Mode;
        int slot = SwapFormat.SlotOf(mode, entry);
        long pfn = _state.Swap.Find(slot), vpn = (long)(address >> 12);
        ref long waited = ref WaitsFor(mm.Pid);
        bool major = waited == vpn;
        if (pfn < 0 && _io.IsSynchronous(slot) && _state.Swap.Area.CountOf(slot) == 1)
        {
            return ReadDirectly(mm, address, slot, write, cpu, cause);
        }
        if (pfn < 0)
        {
            pfn = ReadAround(mm, address, slot, cpu, cause);
            if (pfn < 0)
            {
                return pfn == PageAllocator.Blocked ? FaultResult.Blocked : FaultResult.OutOfMemory;
            }
            major = true;
        }
        else
        {
            Found(mm, address, slot, pfn, cause);
        }
        if (_frames[pfn].Has(PageFlags.Locked))
        {
            waited = vpn;
            _io.WaitFor(pfn, mm.Pid);
            return FaultResult.Blocked;
        }
        waited = -1;
        if (write && !_frames[_spaces.Blocks.Head(pfn)].Has(PageFlags.Lru))
        {
            Pages.DrainLru(cpu, cause);
        }
        long mapped = Map(mm, address, pfn, write, major, direct: false, cpu, cause);
        ulong now = _spaces.Tables.ReadPte(mm.Root, address);
        if (!write || (now & (ulong)PteFlags.Write) != 0)
        {
            return FaultResult.Resolved;
        }
        FaultResult result = copies!.Handle(mm, address, now, major, cpu, mapped);
        if (result == FaultResult.Blocked && major)
        {
            WaitsFor(mm.Pid) = vpn;
        }
        return result;
    }

    /// <summary>The process has waited for a page that it writes to, and faults again because there was no memory for its copy; asked once.</summary>
    public bool HasWaited(int pid, long vpn)
    {
        ref long waited = ref WaitsFor(pid);
        bool has = waited == vpn;
        waited = has ? -1 : waited;
        return has;
    }

    private FaultResult ReadDirectly(AddressSpace mm, ulong address, int slot, bool write, CpuClock cpu, long cause)
    {
        long pfn = Pages.AllocOrWait(GfpFlags.HighUserMovable, mm.Pid, cpu, cause);
        if (pfn < 0)
        {
            return pfn == PageAllocator.Blocked ? FaultResult.Blocked : FaultResult.OutOfMemory;
        }
        _io.ReadDirectly(slot, cpu, cause);
        Map(mm, address, pfn, write, major: true, direct: true, cpu, cause);
        return FaultResult.Resolved;
    }

    private long Map(AddressSpace mm, ulong address, long pfn, bool write, bool major, bool direct, CpuClock cpu, long cause)
    {
        var e = new FaultSwap(mm.Pid, (long)(address >> 12), pfn, write, major, direct);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        if (direct)
        {
            Pages.AddToLru(pfn, unevictable: false, cpu, header.Sequence);
            _io.Trim(cpu, header.Sequence);
        }
        return header.Sequence;
    }

    /// <summary>The page is in the swap cache: was it read ahead (<c>lookup_swap_cache</c>)?</summary>
    private void Found(AddressSpace mm, ulong address, int slot, long pfn, long cause)
    {
        long vpn = (long)(address >> 12);
        if (_frames[pfn].Has(PageFlags.Readahead) || (!_io.IsRotational && _spaces.SwapWindowOf(mm, address).Offset != vpn))
        {
            Note(mm, vpn, slot, 0, cause);
        }
    }

    private void Note(AddressSpace mm, long vpn, int slot, int window, long cause)
    {
        var e = new SwapReadahead(mm.Pid, vpn, slot, window);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
    }

    /// <summary>Reads a page and its neighbours: in the area on a disk with a head, in the address space otherwise.</summary>
    /// <returns>Its frame; -1, or <see cref="PageAllocator.Blocked"/>, when there was none to be had.</returns>
    private long ReadAround(AddressSpace mm, ulong address, int slot, CpuClock cpu, long cause)
    {
        long vpn = (long)(address >> 12);
        SwapWindow before = _spaces.SwapWindowOf(mm, address);
        if (_maxWindow == 1)
        {
            return ReadSlot(mm.Pid, mm.Pid, slot, slot, cpu, cause);
        }
        long place = _io.IsRotational ? slot : vpn;
        int window = WindowOf(before, place);
        Note(mm, vpn, slot, window, cause);
        if (_io.IsRotational)
        {
            return ReadCluster(mm.Pid, mm.Pid, slot, window, cpu, cause);
        }
        long found = -1;
        bool wanted = false;
        if (window > 1)
        {
            (long start, long end) = _spaces.SwapRangeOf(mm, address, before.Offset, window);
            for (long at = start; at < end; at++)
            {
                ulong entry = _spaces.Tables.ReadPte(mm.Root, (ulong)at << 12);
                if (!SwapFormat.IsSlot(entry))
                {
                    continue;
                }
                wanted |= at == vpn;
                long pfn = ReadSlot(mm.Pid, mm.Pid, SwapFormat.SlotOf(_spaces.Tables.Mode, entry), slot, cpu, cause);
                if (at == vpn && !Hold(found = pfn))
                {
                    return found;
                }
            }
        }
        Pages.Pin(-1);
        if (window > 1)
        {
            Pages.DrainLru(cpu, cause);
        }
        return wanted ? found : ReadSlot(mm.Pid, mm.Pid, slot, slot, cpu, cause);
    }

    /// <summary>Reads a page of shared memory, with those of neighbouring slots whatever the device (<c>shmem_swapin</c>).</summary>
    /// <returns>Its frame; -1, or <see cref="PageAllocator.Blocked"/>, when there was none to be had.</returns>
    public long ReadShared(int pid, int slot, CpuClock cpu, long cause)
    {
        if (_maxWindow == 1)
        {
            return ReadSlot(KernelUser.PageCache, pid, slot, slot, cpu, cause);
        }
        int window = WindowOf(_state.Swap.Window, slot);
        var e = new ShmemReadahead(slot, window);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return ReadCluster(KernelUser.PageCache, pid, slot, window, cpu, header.Sequence);
    }

    /// <summary>Reads the aligned window of slots around one.</summary>
    private long ReadCluster(int owner, int waiter, int slot, int window, CpuClock cpu, long cause)
    {
        long found = -1;
        int header = SwapAreas.SlotOf(SwapAreas.TypeOf(slot), 0);
        long first = Math.Max(slot & -(long)window, header + 1L), last = Math.Min((uint)slot | (window - 1L), header + (long)_state.Swap.Area[SwapAreas.TypeOf(slot)].Pages);
        for (long at = first; at <= last && window > 1; at++)
        {
            long pfn = ReadSlot(owner, waiter, (int)at, slot, cpu, cause);
            if (at == slot && !Hold(found = pfn))
            {
                return found;
            }
        }
        Pages.Pin(-1);
        if (window > 1)
        {
            Pages.DrainLru(cpu, cause);
        }
        return window > 1 ? found : ReadSlot(owner, waiter, slot, slot, cpu, cause);
    }

    /// <summary>
    /// Begins to read what is swapped out of part of an area that has no file, as far as memory is there, without a task that waits and
    /// without counting it as read ahead (<c>swapin_walk_pmd_entry</c>, <c>force_shm_swapin_readahead</c> of mm/madvise.c).
    /// </summary>
    public void ReadWished(AddressSpace mm, in VmArea area, ulong start, ulong end, CpuClock cpu, long cause)
    {
        if (area.VmFile < 0)
        {
            SharedMemoryObjects objects = _spaces.SharedMemory;
            // The kernel looks at the page behind the range, too.
            long last = Math.Min(area.PgoffOf(end), objects.SwapEntries.End(area.VmFile) - 1);
            for (long pgoff = area.PgoffOf(start); pgoff <= last; pgoff++)
            {
                ReadWished(KernelUser.PageCache, objects.SlotOf(area.VmFile, pgoff), cpu, cause);
            }
            return;
        }
        PageTables tables = _spaces.Tables;
        for (ulong at = start; at < end;)
        {
            long table = tables.FindLeafTable(mm.Root, at, out int missing);
            ulong stop = Math.Min(end, tables.SpanEnd(at, missing + 1));
            for (; table >= 0 && at < stop; at += 4096)
            {
                ulong entry = tables.Read(table, at);
                ReadWished(mm.Pid, SwapFormat.IsSlot(entry) ? SwapFormat.SlotOf(tables.Mode, entry) : 0, cpu, cause);
            }
            at = stop;
        }
    }

    private void ReadWished(int owner, int slot, CpuClock cpu, long cause)
    {
        if (slot > 0 && _state.Swap.Find(slot) < 0 && Pages.TryAlloc(AheadGfp, owner, cpu, cause) is >= 0 and var pfn)
        {
            Begin(slot, pfn, ahead: false, cpu, cause);
        }
    }

    /// <summary>The page that is wanted stays while others are read; false when it could not be had.</summary>
    private bool Hold(long pfn)
    {
        Pages.Pin(pfn);
        return pfn >= 0;
    }

    /// <summary>Brings a slot's page into the swap cache, if it is not there and anyone needs it.</summary>
    private long ReadSlot(int owner, int waiter, int slot, int wanted, CpuClock cpu, long cause)
    {
        SwapState swap = _state.Swap;
        long pfn = swap.Find(slot);
        if (pfn >= 0 || swap.Area.CountOf(slot) == 0)
        {
            return pfn;
        }
        bool ahead = slot != wanted;
        pfn = ahead
            ? Pages.TryAlloc(AheadGfp, owner, cpu, cause)
            : Pages.AllocOrWait(GfpFlags.HighUserMovable, owner, cpu, cause, waiter);
        if (pfn >= 0)
        {
            Begin(slot, pfn, ahead, cpu, cause);
        }
        return pfn;
    }

    /// <summary>Begins to read a slot's page. Reclaim for its frame may have dropped the slot's last need, not while its task is here; or read it, never.</summary>
    private void Begin(int slot, long pfn, bool ahead, CpuClock cpu, long cause)
    {
        var e = new SwapRead(slot, pfn, ahead);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        Pages.AddToLru(pfn, unevictable: false, cpu, header.Sequence);
        _io.Read(pfn, cpu, header.Sequence);
    }

    /// <summary>How many pages to read (<c>__swapin_nr_pages</c>): more while reading ahead is right, half as many at least as before.</summary>
    private int WindowOf(SwapWindow before, long place)
    {
        int pages = before.Hits + 2;
        if (pages == 2)
        {
            pages = place == before.Offset + 1 || place == before.Offset - 1 ? 2 : 1;
        }
        else
        {
            int rounded = 4;
            while (rounded < pages)
            {
                rounded <<= 1;
            }
            pages = rounded;
        }
        return Math.Max(Math.Min(pages, _maxWindow), before.Pages / 2);
    }

    private ref long WaitsFor(int pid)
    {
        if (pid >= _waitsFor.Length)
        {
            Array.Resize(ref _waitsFor, Math.Max(pid + 1, _waitsFor.Length * 2));
        }
        return ref _waitsFor[pid];
    }
}
