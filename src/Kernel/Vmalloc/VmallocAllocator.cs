using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Vmalloc;

/// <summary>
/// Memory at contiguous kernel addresses from single pages, of high memory where there is some (mm/vmalloc.c, Linux 6.1). It decides;
/// <see cref="VmallocState"/> changes through events. Pages of 4 KiB only: huge mappings (<c>vmalloc_huge</c>) and the per-CPU
/// blocks of <c>vm_map_ram</c> are not modelled.
/// </summary>
public sealed class VmallocAllocator
{
    /// <summary>Pages asked for at a time (<c>vm_area_alloc_pages</c>).</summary>
    private const int BulkPages = 100;

    /// <summary>What of a request's gfp its bookkeeping is asked with (<c>GFP_RECLAIM_MASK</c>).</summary>
    private const GfpFlags ReclaimMask = GfpFlags.Kernel | GfpFlags.High | GfpFlags.AtomicBit | GfpFlags.NoWarn | GfpFlags.RetryMayFail
        | GfpFlags.NoFail | GfpFlags.NoRetry | GfpFlags.MemAlloc | GfpFlags.NoMemAlloc;

    private readonly VmallocState _state;
    private readonly AddressSpaces _spaces;
    private readonly PageAllocator _pages;
    private readonly SlabAllocator _slab;
    private readonly KernelTables _tables;
    private readonly ITlbFlush _tlb;
    private readonly Journal _journal;
    private readonly long _areaPs, _freePs, _pagePs, _clearPs;
    private readonly List<long> _objects = [];
    private int _cache = -1;

    /// <param name="state">The state it changes through events.</param>
    /// <param name="spaces">The page tables.</param>
    /// <param name="pages">Gives frames.</param>
    /// <param name="slab">Gives memory for descriptions and arrays.</param>
    /// <param name="tables">Maps pages.</param>
    /// <param name="tlb">Makes CPUs forget translations.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="costs">Time the work takes.</param>
    public VmallocAllocator(
        VmallocState state, AddressSpaces spaces, PageAllocator pages, SlabAllocator slab, KernelTables tables, ITlbFlush tlb,
        Journal journal, MmCosts costs)
    {
        _state = state;
        _spaces = spaces;
        _pages = pages;
        _slab = slab;
        _tables = tables;
        _tlb = tlb;
        _journal = journal;
        _areaPs = costs.MmapNs * 1000L;
        _freePs = costs.MunmapNs * 1000L;
        _pagePs = costs.PagePerRangeNs * 1000L;
        _clearPs = costs.ClearPageNs * 1000L;
    }

    /// <summary>The state.</summary>
    public VmallocState State => _state;

    /// <summary>Does later what cannot be done at once: purges, and what is given back in interrupts.</summary>
    public VmallocWork? Work { get; set; }

    private int WordBytes => _state.Layout.IsLong ? 8 : 4;

    /// <summary>
    /// Asks for bytes (<c>vmalloc</c>; with <see cref="GfpFlags.Zero"/> <c>vzalloc</c>).
    /// </summary>
    /// <param name="bytes">How many; at least 1.</param>
    /// <param name="gfp">Urgency; high memory is used unless it names a zone.</param>
    /// <param name="caller">Who asks: a symbol, as in <c>/proc/vmallocinfo</c>.</param>
    /// <param name="cpu">The CPU that asks.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    /// <param name="align">Alignment of the address, a power of two.</param>
    /// <returns>The first address; 0 when it cannot be had.</returns>
    public ulong Alloc(long bytes, GfpFlags gfp, int caller, CpuClock cpu, long cause, ulong align = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        long count = (bytes + Page.Size - 1) >> Page.Shift;
        if (count > _pages.State.Zones.Sum(z => z.ManagedPages))
        {
            return Fail(count, VmallocFailure.ExceedsTotalPages, caller, cpu, cause);
        }
        ulong address = GetArea(count, align, VmStructFlags.Alloc, gfp, caller, cpu, cause);
        if (address == 0)
        {
            return Fail(count, VmallocFailure.Area, caller, cpu, cause);
        }
        GfpFlags nested = (gfp & ReclaimMask) | GfpFlags.Zero;
        long arrayBytes = count * WordBytes;
        long array = arrayBytes > Page.Size
            ? (long)Alloc(arrayBytes, nested, caller, cpu, cause)
            : _slab.Kmalloc(arrayBytes, nested, cpu, cause);
        if (array is 0 or -1)
        {
            Free(address, cpu, cause);
            return Fail(count, VmallocFailure.PageArray, caller, cpu, cause);
        }
        var pfns = new long[count];
        int got = AllocPages(gfp | GfpFlags.NoWarn | ((gfp & (GfpFlags.Dma | GfpFlags.Dma32)) == 0 ? GfpFlags.HighMem : 0), pfns, cpu, cause);
        var e = new VmallocPages((long)(address >> 12), got, array);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        bool mapped = got == count && _tables.Map(address, pfns, cpu, cause);
        if (mapped)
        {
            cpu.Charge((gfp & GfpFlags.Zero) != 0 ? count * _clearPs : 0);
            return address;
        }
        TakeDown(address, pfns.AsSpan(0, got), cpu, cause);
        return Fail(count, got == count ? VmallocFailure.PageTables : VmallocFailure.Pages, caller, cpu, cause);
    }

    /// <summary>Maps frames of somebody else's one behind the other (<c>vmap</c>); 0 when it cannot be done.</summary>
    public ulong Map(ReadOnlySpan<long> pfns, int caller, CpuClock cpu, long cause)
    {
        ulong address = GetArea(pfns.Length, 1, VmStructFlags.Map, GfpFlags.Kernel, caller, cpu, cause);
        if (address == 0)
        {
            return Fail(pfns.Length, VmallocFailure.Area, caller, cpu, cause);
        }
        if (!_tables.Map(address, pfns, cpu, cause))
        {
            Unmap(address, cpu, cause);
            return Fail(pfns.Length, VmallocFailure.PageTables, caller, cpu, cause);
        }
        return address;
    }

    /// <summary>Gives an area and its pages back (<c>vfree</c>).</summary>
    /// <exception cref="InvalidOperationException">No area begins there.</exception>
    public void Free(ulong address, CpuClock cpu, long cause)
    {
        ref readonly VmStruct area = ref Require(address);
        var pfns = new long[area.OwnPages];
        for (int i = 0; i < pfns.Length; i++)
        {
            pfns[i] = _spaces.KernelPfn(address + ((ulong)i << 12));
        }
        TakeDown(address, pfns, cpu, cause);
    }

    /// <summary>Ends an area, but not its pages (<c>vunmap</c>).</summary>
    /// <exception cref="InvalidOperationException">No area begins there.</exception>
    public void Unmap(ulong address, CpuClock cpu, long cause) => TakeDown(address, [], cpu, cause);

    /// <summary>Gives an area back from where one cannot wait (<c>vfree_atomic</c>): a kernel thread takes it down.</summary>
    /// <exception cref="InvalidOperationException">No area begins there, or it was given back already.</exception>
    public void FreeDeferred(ulong address, CpuClock cpu, long cause)
    {
        if (Require(address).IsDeferred)
        {
            throw new InvalidOperationException($"The vmalloc area at 0x{address:x} is freed twice.");
        }
        var e = new VmallocDefer((long)(address >> 12), (byte)cpu.Id);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        Work?.FreeLater(address, cpu, header.Sequence);
    }

    /// <summary>Makes the addresses that wait usable again, after a flush of all CPUs (<c>purge_vmap_area_lazy</c>); false when none waits.</summary>
    public bool Purge(CpuClock cpu, long cause)
    {
        VmapAreaTree lazy = _state.Lazy;
        if (lazy.Count == 0)
        {
            return false;
        }
        ulong start = lazy.Start(lazy.First()), end = start;
        for (int node = lazy.First(); node != 0; node = lazy.Next(node))
        {
            end = lazy.End(node);
        }
        _tlb.FlushKernelRange(start, end, cpu.Id, cause);
        var e = new VmallocPurge((long)(start >> 12), (long)((end - start) >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        FreeDescriptions(cpu, header.Sequence);
        return true;
    }

    /// <summary>Takes addresses: the lowest free ones, if need be after a purge (<c>__get_vm_area_node</c>, <c>alloc_vmap_area</c>).</summary>
    private ulong GetArea(long pages, ulong align, VmStructFlags flags, GfpFlags gfp, int caller, CpuClock cpu, long cause)
    {
        GfpFlags nested = gfp & ReclaimMask;
        cpu.Charge(_areaPs);
        long descriptor = _slab.Kmalloc(_state.Layout.IsLong ? 64 : _spaces.Tables.Mode.EntryBytes == 8 ? 36 : 32, nested | GfpFlags.Zero, cpu, cause);
        if (descriptor < 0)
        {
            return 0;
        }
        if (_cache < 0)
        {
            _cache = _slab.CreateCache("vmap_area", _state.Layout.IsLong ? 64 : 32, 0, SlabFlags.None, cpu, cause);
        }
        long range = _slab.Alloc(_cache, nested, cpu, cause);
        if (range < 0)
        {
            _slab.Kfree(descriptor, cpu, cause);
            return 0;
        }
        ulong size = (ulong)(pages + ((flags & VmStructFlags.NoGuard) == 0 ? 1 : 0)) << 12;
        for (bool purged = false; ; purged = true)
        {
            long spare = _state.HasSpare(cpu.Id) ? 0 : Math.Max(_slab.Alloc(_cache, nested, cpu, cause), 0);
            ulong address = Find(size, align);
            if (address != 0 && (spare != 0 || _state.HasSpare(cpu.Id)))
            {
                var e = new VmallocArea((long)(address >> 12), (long)(size >> 12), (int)flags, caller, (byte)cpu.Id, descriptor, range, spare);
                EventHeader header = _journal.Emit(in e, cause);
                _state.Apply(in e, in header);
                FreeDescriptions(cpu, header.Sequence);
                return address;
            }
            if (spare != 0)
            {
                _slab.Free(spare, cpu, cause);
            }
            if (address != 0 || purged || !Purge(cpu, cause))
            {
                break;
            }
        }
        _slab.Free(range, cpu, cause);
        _slab.Kfree(descriptor, cpu, cause);
        return 0;
    }

    private ulong Find(ulong size, ulong align)
    {
        ulong start = _state.Layout.VmallocStart, end = _state.Layout.VmallocEnd;
        int node = _state.Free.FindFit(size, align, start, end - start == size);
        if (node == 0)
        {
            return 0;
        }
        ulong address = _state.Free.Place(node, align, start);
        return address + size > end ? 0 : address;
    }

    private int AllocPages(GfpFlags gfp, Span<long> pfns, CpuClock cpu, long cause)
    {
        int got = 0;
        while (got < pfns.Length)
        {
            int wanted = Math.Min(BulkPages, pfns.Length - got);
            int had = _pages.AllocPagesBulk(gfp, KernelUser.Vmalloc, cpu, cause, pfns.Slice(got, wanted));
            got += had;
            if (had != wanted)
            {
                break;
            }
        }
        for (; got < pfns.Length && (pfns[got] = _pages.AllocPages(0, gfp, KernelUser.Vmalloc, cpu, cause)) >= 0; got++)
        {
        }
        return got;
    }

    /// <summary>Clears the entries, leaves the addresses to a purge, gives the pages and the descriptions back (<c>__vunmap</c>).</summary>
    private void TakeDown(ulong address, ReadOnlySpan<long> pfns, CpuClock cpu, long cause)
    {
        VmStruct area = Require(address);
        cpu.Charge(_freePs + (area.UsablePages * _pagePs));
        var e = new VmallocUnmap((long)(address >> 12));
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        FreeDescriptions(cpu, header.Sequence);
        if (_state.LazyPages > _state.LazyMaxPages)
        {
            Work?.PurgeSoon(cpu, header.Sequence);
        }
        foreach (long pfn in pfns)
        {
            _pages.FreePages(pfn, 0, cpu, header.Sequence);
            Work?.GiveWay(cpu, header.Sequence);
        }
        if (area.ArrayAddress != 0)
        {
            FreeArray(area.ArrayAddress, cpu, header.Sequence);
        }
        _slab.Kfree(area.Descriptor, cpu, header.Sequence);
    }

    /// <summary>Gives the array of pages back, wherever it lies (<c>kvfree</c>).</summary>
    private void FreeArray(long array, CpuClock cpu, long cause)
    {
        if (_state.Layout.IsVmalloc((ulong)array))
        {
            Free((ulong)array, cpu, cause);
        }
        else
        {
            _slab.Kfree(array, cpu, cause);
        }
    }

    private void FreeDescriptions(CpuClock cpu, long cause)
    {
        // Giving one back may empty a slab, but ends in no area: the list stays as it is.
        _objects.Clear();
        _objects.AddRange(_state.Released);
        _state.Released.Clear();
        foreach (long description in _objects)
        {
            _slab.Free(description, cpu, cause);
        }
    }

    private ref readonly VmStruct Require(ulong address)
    {
        int number = _state.Find(address);
        if (number < 0 || _state.Area(number).Address != address)
        {
            throw new InvalidOperationException($"No vmalloc area begins at 0x{address:x}.");
        }
        return ref _state.Area(number);
    }

    private ulong Fail(long pages, VmallocFailure reason, int caller, CpuClock cpu, long cause)
    {
        var e = new VmallocFailed(pages, reason, caller, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        return 0;
    }
}
