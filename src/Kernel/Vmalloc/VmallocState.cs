using System.Numerics;
using Sim.Engine.Events;
using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Vmalloc;

/// <summary>
/// The kernel's addresses: areas in use, ranges that wait for a purge, free ones (mm/vmalloc.c, Linux 6.1). Sourced state. Nothing
/// of it is in the state hash before the first area, so that a run without one has the hash it always had.
/// </summary>
public sealed class VmallocState :
    IApply<VmallocArea>, IApply<VmallocPages>, IApply<VmallocUnmap>, IApply<VmallocPurge>, IApply<VmallocFailed>, IApply<VmallocDefer>
{
    private const long LazyPagesPerStep = (32L << 20) >> Page.Shift;

    private readonly AddressSpaces _spaces;
    private readonly long[] _spares;
    private VmStruct[] _areas = new VmStruct[8];
    private int[] _unused = new int[8];
    private int _unusedCount, _used;

    /// <param name="layout">Where the vmalloc area is.</param>
    /// <param name="spaces">The page tables.</param>
    /// <param name="cpus">Number of CPUs.</param>
    public VmallocState(KernelLayout layout, AddressSpaces spaces, int cpus)
    {
        Layout = layout;
        _spaces = spaces;
        _spares = new long[cpus];
        LazyMaxPages = (BitOperations.Log2((uint)cpus) + 1) * LazyPagesPerStep;
        Free.Insert(1, layout.AddressEnd, 0, 0);
    }

    /// <summary>Where the vmalloc area is.</summary>
    public KernelLayout Layout { get; }

    /// <summary>Areas in use; the tag is the number of the <see cref="VmStruct"/>.</summary>
    public VmapAreaTree Busy { get; } = new();

    /// <summary>Addresses that wait for a purge.</summary>
    public VmapAreaTree Lazy { get; } = new();

    /// <summary>Free addresses, those outside the vmalloc area too.</summary>
    public VmapAreaTree Free { get; } = new();

    /// <summary>Pages of addresses that wait (<c>vmap_lazy_nr</c>).</summary>
    public long LazyPages { get; private set; }

    /// <summary>More of them than this are purged (<c>lazy_max_pages</c>).</summary>
    public long LazyMaxPages { get; }

    /// <summary>Pages that areas own (<c>nr_vmalloc_pages</c>).</summary>
    public long Pages { get; private set; }

    /// <summary>Areas there have been.</summary>
    public long Areas { get; private set; }

    /// <summary>Purges there have been.</summary>
    public long Purges { get; private set; }

    /// <summary>Requests that failed.</summary>
    public long Failures { get; private set; }

    /// <summary>
    /// Descriptions of ranges that the event applied last has made superfluous; the decider gives them back. No part of the state.
    /// </summary>
    public List<long> Released { get; } = [];

    /// <summary>True when the CPU keeps a description ready.</summary>
    public bool HasSpare(int cpu) => _spares[cpu] != 0;

    /// <summary>An area by its number.</summary>
    public ref readonly VmStruct Area(int number) => ref _areas[number];

    /// <summary>Number of the area that an address lies in; -1 for none.</summary>
    public int Find(ulong address) => Busy.Find(address) is > 0 and var node ? Busy.Tag(node) : -1;

    public void Apply(in VmallocArea e, in EventHeader header)
    {
        Released.Clear();
        ulong start = AddressOf(e.Vpn), size = (ulong)e.Pages << 12;
        if (e.SpareAddress != 0)
        {
            _spares[e.Cpu] = e.SpareAddress;
        }
        if (Free.Carve(Free.Find(start), start, size, _spares[e.Cpu], out long released))
        {
            _spares[e.Cpu] = 0;
        }
        Release(released);
        int number = _unusedCount > 0 ? _unused[--_unusedCount] : _used++;
        if (number >= _areas.Length)
        {
            Array.Resize(ref _areas, _areas.Length * 2);
            Array.Resize(ref _unused, _areas.Length);
        }
        _areas[number] = new VmStruct
        {
            Address = start,
            Pages = e.Pages,
            Flags = (VmStructFlags)e.Flags,
            Caller = e.Caller,
            Descriptor = e.DescriptorAddress,
        };
        Busy.Insert(start, start + size, e.RangeAddress, number);
        Areas++;
    }

    public void Apply(in VmallocPages e, in EventHeader header)
    {
        ref VmStruct area = ref _areas[Find(AddressOf(e.Vpn))];
        (area.OwnPages, area.ArrayAddress) = (e.Pages, e.ArrayAddress);
        Pages += e.Pages;
    }

    public void Apply(in VmallocUnmap e, in EventHeader header)
    {
        Released.Clear();
        int node = Busy.Find(AddressOf(e.Vpn)), number = Busy.Tag(node);
        ref VmStruct area = ref _areas[number];
        _spaces.UnmapKernel(area.Address, area.UsablePages);
        Pages -= area.OwnPages;
        LazyPages += area.Pages;
        Lazy.MergeOrAdd(Busy.Start(node), Busy.End(node), Busy.ObjectOf(node), Released);
        Busy.Remove(node);
        area = default;
        _unused[_unusedCount++] = number;
    }

    public void Apply(in VmallocPurge e, in EventHeader header)
    {
        Released.Clear();
        for (int node = Lazy.First(); node != 0; node = Lazy.Next(node))
        {
            Free.MergeOrAdd(Lazy.Start(node), Lazy.End(node), Lazy.ObjectOf(node), Released);
        }
        Released.RemoveAll(description => description == 0);
        Lazy.Clear();
        LazyPages = 0;
        Purges++;
    }

    public void Apply(in VmallocFailed e, in EventHeader header) => Failures++;

    public void Apply(in VmallocDefer e, in EventHeader header) => _areas[Find(AddressOf(e.Vpn))].IsDeferred = true;

    /// <summary>Appends the state, if there is any.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        if (Areas == 0 && Failures == 0)
        {
            return;
        }
        Busy.HashInto(ref hash);
        Lazy.HashInto(ref hash);
        Free.HashInto(ref hash);
        for (int node = Busy.First(); node != 0; node = Busy.Next(node))
        {
            ref readonly VmStruct area = ref _areas[Busy.Tag(node)];
            hash.Add((long)area.Flags | (area.IsDeferred ? 1L << 32 : 0));
            hash.Add(area.Caller);
            hash.Add(area.OwnPages);
            hash.Add(area.ArrayAddress);
            hash.Add(area.Descriptor);
        }
        hash.AddSpan<long>(_spares);
        hash.Add(LazyPages);
        hash.Add(Pages);
        hash.Add(Areas);
        hash.Add(Purges);
        hash.Add(Failures);
    }

    private void Release(long description)
    {
        if (description != 0)
        {
            Released.Add(description);
        }
    }

    private static ulong AddressOf(long vpn) => (ulong)vpn << 12;
}
