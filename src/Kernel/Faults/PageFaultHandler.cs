using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Faults;

/// <summary>How a page fault ended.</summary>
public enum FaultResult : byte
{
    /// <summary>The access may be made again.</summary>
    Resolved,

    /// <summary>SIGSEGV; for an access by the kernel itself EFAULT.</summary>
    Segv,

    /// <summary>There was no memory for the page or its tables.</summary>
    OutOfMemory,

    /// <summary>SIGBUS: the page lies behind the end of its file.</summary>
    Bus,

    /// <summary>The task has to sleep, for a page or for memory; the access is made again when it is woken (<c>VM_FAULT_RETRY</c>).</summary>
    Blocked,
}

/// <summary>
/// Resolves page faults: finds the area, grows the stack, checks the access, allocates tables and page
/// (<c>do_user_addr_fault</c> in arch/x86/mm/fault.c, <c>handle_mm_fault</c> in mm/memory.c, Linux 6.1).
/// </summary>
public sealed class PageFaultHandler
{
    private const GfpFlags ZeroedGfp = GfpFlags.HighUserMovable | GfpFlags.Zero;

    private readonly AddressSpaces _spaces;
    private readonly PageTables _tables;
    private readonly PageAllocator _allocator;
    private readonly ChargedPages _pages;
    private readonly WriteProtectFaults _writeProtect;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly StackGrowth _stacks;
    private readonly PageTableMaker _newTables;
    private readonly int _around;
    private readonly HugePageFaults? _huge;
    private readonly SwapFaults? _swap;
    private readonly ShmemFaults? _shmem;
    private readonly FileFaults? _files;
    private readonly long _faultPs, _clearPs, _copyPs, _readPs;

    /// <param name="spaces">The state.</param>
    /// <param name="options">Limits.</param>
    /// <param name="allocator">Gives frames.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="tlb">Told of entries that change.</param>
    /// <param name="costs">Time the work takes.</param>
    /// <param name="huge">Maps huge pages; null in a kernel that never does.</param>
    public PageFaultHandler(
        AddressSpaces spaces, MmOptions options, PageAllocator allocator, Journal journal, ITlbFlush tlb, MmCosts costs,
        HugePageFaults? huge = null)
        : this(spaces, options, allocator, journal, tlb, costs, huge, null, null, null)
    {
    }

    internal PageFaultHandler(
        AddressSpaces spaces, MmOptions options, PageAllocator allocator, Journal journal, ITlbFlush tlb, MmCosts costs,
        HugePageFaults? huge, SwapFaults? swap, ShmemFaults? shmem, FileFaults? files)
    {
        _huge = huge;
        _swap = swap;
        _shmem = shmem;
        _files = files;
        _spaces = spaces;
        _tables = spaces.Tables;
        _allocator = allocator;
        _pages = swap?.Pages ?? new ChargedPages(allocator, journal, null, null, null);
        _writeProtect = new WriteProtectFaults(spaces, allocator.State.Frames, _pages, journal, tlb, costs);
        _journal = journal;
        _tlb = tlb;
        _stacks = new StackGrowth(spaces, new MemoryLimits(options, allocator.State, spaces), journal);
        _newTables = new PageTableMaker(spaces, allocator, journal, costs);
        _around = options.FaultAroundPages;
        _faultPs = costs.FaultNs * 1000L;
        _clearPs = costs.ClearPageNs * 1000L;
        _copyPs = costs.CopyPageNs * 1000L;
        _readPs = costs.ReadPageNs * 1000L;
    }

    /// <summary>
    /// Whether a task may sleep for a page of a file: false during calls that do not sleep half-way here, which read it in
    /// <see cref="MmCosts.ReadPageNs"/> without a device.
    /// </summary>
    internal bool MaySleep { get; set; } = true;

    /// <summary>Resolves a fault at a user address.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="address">The address (CR2).</param>
    /// <param name="code">The CPU's error code.</param>
    /// <param name="cpu">The CPU; charged the time.</param>
    /// <param name="cause">Sequence of the entry into the kernel.</param>
    /// <param name="segv">Why, when the result is <see cref="FaultResult.Segv"/>.</param>
    public FaultResult Handle(int pid, ulong address, PageFaultErrorCode code, CpuClock cpu, long cause, out SegvCode segv)
    {
        cpu.Charge(_faultPs);
        AddressSpace mm = _spaces[pid];
        bool write = (code & PageFaultErrorCode.Write) != 0;
        segv = SegvCode.MapErr;
        AreaCursor at = mm.Areas.Find(address);
        if (address >= _spaces.Layout.TaskSize || !mm.Areas.IsValid(at))
        {
            return FaultResult.Segv;
        }
        if (mm.Areas.Start(at) > address)
        {
            if (!_stacks.TryGrow(mm, at, address, cause))
            {
                return FaultResult.Segv;
            }
            at = mm.Areas.Find(address);
        }
        ref readonly VmArea area = ref _spaces.Areas[mm.Areas.Handle(at)];
        if (!IsAllowed(area.VmFlags, write, (code & PageFaultErrorCode.Protection) != 0))
        {
            segv = SegvCode.AccErr;
            return FaultResult.Segv;
        }
        segv = SegvCode.None;
        _pages.Policy?.Stop(cpu);
        FaultResult result = Resolve(mm, address, in area, write, cpu, cause);
        if (result == FaultResult.Resolved)
        {
            _pages.Policy?.Go(cpu);
        }
        return result;
    }

    /// <summary>Brings in a page that its area allows to access so (<c>handle_mm_fault</c>).</summary>
    internal FaultResult Resolve(AddressSpace mm, ulong address, in VmArea area, bool write, CpuClock cpu, long cause)
    {
        _pages.InFault = (area.VmFlags & (VmFlags.SequentialRead | VmFlags.RandomRead)) == 0;
        FaultResult result = BringIn(mm, address, in area, write, cpu, cause);
        _pages.InFault = false;
        return result;
    }

    private FaultResult BringIn(AddressSpace mm, ulong address, in VmArea area, bool write, CpuClock cpu, long cause)
    {
        if (_huge is not null && area.VmFile == 0)
        {
            if (!_newTables.MakeDownTo(mm, address, 1, cpu, cause, out _))
            {
                return FaultResult.OutOfMemory;
            }
            if (_huge.Handle(mm, address, in area, write, cpu, cause) is { } done)
            {
                return done;
            }
        }
        ulong entry = 0;
        if (area.VmFile == 0 || _tables.FindLeafTable(mm.Root, address, out _) >= 0)
        {
            if (!_newTables.MakeDownTo(mm, address, 0, cpu, cause, out long table))
            {
                return FaultResult.OutOfMemory;
            }
            entry = _tables.Read(table, address);
        }
        if (SwapFormat.IsSlot(entry))
        {
            return _swap!.Handle(mm, address, entry, write, _writeProtect, cpu, cause);
        }
        if (entry != 0)
        {
            return OnMapped(mm, address, entry, in area, write, cpu, cause);
        }
        return area.VmFile == 0
            ? OnAnonymous(mm, address, write, cpu, cause)
            : OnFile(mm, address, in area, write, cpu, cause);
    }

    /// <summary>Extends the stack down to an address without a fault (<c>expand_stack</c>); false when it may not grow so far.</summary>
    public bool ExpandStack(int pid, ulong address, long cause)
    {
        AddressSpace mm = _spaces[pid];
        AreaCursor at = mm.Areas.Find(address);
        return mm.Areas.IsValid(at) && (mm.Areas.Start(at) <= address || _stacks.TryGrow(mm, at, address, cause));
    }

    /// <summary>Sees to it that a page of a file is in the page cache, as reading the file does.</summary>
    /// <returns>Its frame; -1 when there is no memory for it.</returns>
    public long ReadPage(int file, long pgoff, CpuClock cpu, long cause) => FindOrRead(0, file, pgoff, VmFlags.None, cpu, cause, out _);

    /// <summary>True when the area lets the access through; a read that hit a present page was refused for good (<c>access_error</c>).</summary>
    private static bool IsAllowed(VmFlags flags, bool write, bool present) =>
        write ? (flags & VmFlags.Write) != 0 : !present && (flags & VmFlags.Access) != 0;

    /// <summary>Reading maps the zero page, writing a zeroed frame (<c>do_anonymous_page</c>).</summary>
    private FaultResult OnAnonymous(AddressSpace mm, ulong address, bool write, CpuClock cpu, long cause)
    {
        if (!write)
        {
            var zero = new FaultZero(mm.Pid, (long)(address >> 12));
            EventHeader header = _journal.Emit(in zero, cause);
            _spaces.Apply(in zero, in header);
            return FaultResult.Resolved;
        }
        long pfn = _pages.AllocOrWait(ZeroedGfp, mm.Pid, cpu, cause);
        if (pfn < 0)
        {
            return Unserved(pfn);
        }
        cpu.Charge(_clearPs);
        var anon = new FaultAnon(mm.Pid, (long)(address >> 12), pfn);
        EventHeader at = _journal.Emit(in anon, cause);
        _spaces.Apply(in anon, in at);
        _pages.AddToLru(pfn, unevictable: false, cpu, at.Sequence);
        return FaultResult.Resolved;
    }

    /// <summary>A page of a file: mapped from the page cache, or copied at once for a private write (<c>do_fault</c>).</summary>
    private FaultResult OnFile(AddressSpace mm, ulong address, in VmArea area, bool write, CpuClock cpu, long cause)
    {
        bool copies = write && (area.VmFlags & VmFlags.Shared) == 0;
        if (!write && _around > 1 && MapAround(mm, address, in area, cpu, cause) is { } done)
        {
            return done;
        }
        if (area.PgoffOf(address) >= SizeOf(area.VmFile))
        {
            return BehindEnd(mm, address, in area, copies, cpu, cause);
        }
        if (!_newTables.MakeDownTo(mm, address, 0, cpu, cause, out _))
        {
            return FaultResult.OutOfMemory;
        }
        long own = -1;
        if (copies)
        {
            // A page that was waited for must still be there when its copy has a frame.
            _pages.Pin(_spaces.Cache.Find(area.VmFile, area.PgoffOf(address)));
            own = _pages.AllocOrWait(GfpFlags.HighUserMovable, mm.Pid, cpu, cause);
            _pages.Pin(-1);
            if (own < 0)
            {
                return Unserved(own);
            }
        }
        long cached = FindOrRead(mm.Pid, area.VmFile, area.PgoffOf(address), area.VmFlags, cpu, cause, out bool major);
        if (cached < 0)
        {
            if (own >= 0)
            {
                _allocator.FreePages(own, 0, cpu, cause);
            }
            return Unserved(cached);
        }
        if (copies)
        {
            cpu.Charge(_copyPs);
            var cow = new FaultCow(mm.Pid, (long)(address >> 12), own, major);
            EventHeader header = _journal.Emit(in cow, cause);
            _spaces.Apply(in cow, in header);
            _pages.AddToLru(own, unevictable: false, cpu, header.Sequence);
            return FaultResult.Resolved;
        }
        var file = new FaultFile(mm.Pid, (long)(address >> 12), cached, write, major);
        EventHeader at = _journal.Emit(in file, cause);
        _spaces.Apply(in file, in at);
        return write ? AfterWrite(mm.Pid, area.VmFile, cpu, at.Sequence) : FaultResult.Resolved;
    }

    /// <summary>
    /// Maps pages of the page cache around a read (<c>do_fault_around</c>): of a window that the page lies in, as far as area, file and
    /// page table go. Null when the page itself was not among them.
    /// </summary>
    private FaultResult? MapAround(AddressSpace mm, ulong address, in VmArea area, CpuClock cpu, long cause)
    {
        ulong start = Math.Max(address & ~(((ulong)_around << 12) - 1), area.VmStart);
        ulong end = Math.Min(Math.Min(start + ((ulong)_around << 12), area.VmEnd), _tables.SpanEnd(start, 1));
        long size = SizeOf(area.VmFile);
        bool any = false, itself = false, noTable = _spaces.Layout.Rules.MapsLastPageAlone && area.VmFile > 0
            && _tables.FindLeafTable(mm.Root, address, out _) < 0;
        for (ulong at = start; at < end; at += 4096)
        {
            long pgoff = area.PgoffOf(at);
            bool cached = pgoff < size && _spaces.Cache.Find(area.VmFile, pgoff) is >= 0 and var found && _spaces.IsMappedAround(found);
            if (cached && !any && noTable && pgoff == size - 1)
            {
                return null;
            }
            any |= cached;
            itself |= cached && at >> 12 == address >> 12;
        }
        if (!any)
        {
            return null;
        }
        if (!_newTables.MakeDownTo(mm, address, 0, cpu, cause, out _))
        {
            return FaultResult.OutOfMemory;
        }
        bool major = itself && (_files?.HasWaited(mm.Pid, area.VmFile, area.PgoffOf(address)) ?? false);
        var e = new FaultAround(mm.Pid, (long)(start >> 12), (long)((end - start) >> 12), itself, major);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return itself ? FaultResult.Resolved : null;
    }

    /// <summary>An access behind the end of a file leaves the upper page tables, and for a copy the area's <c>anon_vma</c>.</summary>
    private FaultResult BehindEnd(AddressSpace mm, ulong address, in VmArea area, bool copies, CpuClock cpu, long cause)
    {
        if (!_newTables.MakeDownTo(mm, address, 1, cpu, cause, out _))
        {
            return FaultResult.OutOfMemory;
        }
        if (copies && area.AnonVma == 0)
        {
            var prepared = new VmaAnonVma(mm.Pid, (long)(address >> 12));
            EventHeader at = _journal.Emit(in prepared, cause);
            _spaces.Apply(in prepared, in at);
        }
        return FaultResult.Bus;
    }

    private long SizeOf(int file) => file < 0 ? _spaces.SharedMemory.Pages(-file) : _spaces.Cache.Size(file);

    /// <summary>A mapped page: a write may go on in place or needs a copy; anything else was spurious.</summary>
    private FaultResult OnMapped(
        AddressSpace mm, ulong address, ulong entry, in VmArea area, bool write, CpuClock cpu, long cause)
    {
        long vpn = (long)(address >> 12);
        if (!write || (entry & (ulong)PteFlags.Write) != 0)
        {
            var spurious = new FaultSpurious(mm.Pid, vpn);
            EventHeader header = _journal.Emit(in spurious, cause);
            _spaces.Apply(in spurious, in header);
            Flush(mm, address, cpu, header.Sequence);
            return FaultResult.Resolved;
        }
        if ((area.VmFlags & VmFlags.Shared) != 0)
        {
            var reuse = new FaultReuse(mm.Pid, vpn);
            EventHeader header = _journal.Emit(in reuse, cause);
            _spaces.Apply(in reuse, in header);
            Flush(mm, address, cpu, header.Sequence);
            return AfterWrite(mm.Pid, area.VmFile, cpu, header.Sequence);
        }
        return _writeProtect.Handle(mm, address, entry, _swap?.HasWaited(mm.Pid, vpn) ?? false, cpu, cause);
    }

    /// <summary>A page of a file is dirty now: its task may have to pause before it goes on.</summary>
    private FaultResult AfterWrite(int pid, int file, CpuClock cpu, long cause) =>
        _files is not null && file > 0 && _files.MustPause(pid, MaySleep, cpu, cause) ? FaultResult.Blocked : FaultResult.Resolved;

    /// <summary>The page cache's frame for a page; read in when missing. Pages of shared memory start as zeroes, and come back from the swap area.</summary>
    private long FindOrRead(int pid, int file, long pgoff, VmFlags area, CpuClock cpu, long cause, out bool major)
    {
        if (_files is not null && file > 0 && pid != 0 && MaySleep)
        {
            return _files.Find(pid, file, pgoff, area, cpu, cause, out major);
        }
        major = false;
        long pfn = _spaces.Cache.Find(file, pgoff);
        if (pfn >= 0)
        {
            return pfn;
        }
        if (file < 0 && _shmem is not null && _spaces.SharedMemory.SlotOf(file, pgoff) is > 0 and var slot)
        {
            return _shmem.SwapIn(pid, file, pgoff, slot, cpu, cause, out major);
        }
        pfn = _pages.AllocOrWait(GfpFlags.HighUserMovable, KernelUser.PageCache, cpu, cause, pid);
        if (pfn < 0)
        {
            return pfn;
        }
        major = file > 0;
        cpu.Charge(major ? _readPs : _clearPs);
        var e = new CacheAdd(file, pgoff, pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        _pages.AddToLru(pfn, unevictable: false, cpu, header.Sequence);
        return pfn;
    }

    private static FaultResult Unserved(long answer) => answer == PageAllocator.Blocked ? FaultResult.Blocked : FaultResult.OutOfMemory;

    private void Flush(AddressSpace mm, ulong address, CpuClock cpu, long cause) =>
        _tlb.FlushRange(mm, address & ~0xfffUL, (address & ~0xfffUL) + 4096, cpu.Id, cause);
}
