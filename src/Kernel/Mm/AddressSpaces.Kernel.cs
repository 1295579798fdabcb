using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Vmalloc;

namespace Sim.Kernel.Mm;

/// <summary>Changes of the kernel's half: page-table entries of the vmalloc area and of temporary mappings.</summary>
public sealed partial class AddressSpaces : IApply<KernelMap>, IApply<VmallocSync>, IApply<FaultVmalloc>
{
    public void Apply(in KernelMap e, in EventHeader header)
    {
        for (long i = 0; i < e.Pages; i++)
        {
            MapKernel((ulong)(e.Vpn + i) << 12, e.Pfn + i);
        }
    }

    public void Apply(in VmallocSync e, in EventHeader header)
    {
        ulong end = (ulong)(e.Vpn + e.Pages) << 12;
        for (ulong at = (ulong)e.Vpn << 12; at < end; at = _tables.SpanEnd(at, _tables.Mode.Levels - 1))
        {
            CopyToAll(at);
        }
    }

    public void Apply(in FaultVmalloc e, in EventHeader header) => _tables.CopyTop(KernelRoot, e.RootPfn, (ulong)e.Vpn << 12);

    /// <summary>True when an address space has the kernel's own top-level entry of an address.</summary>
    public bool IsKernelEntryIn(long root, ulong address) => _tables.ReadTop(root, address) == _tables.ReadTop(KernelRoot, address);

    /// <summary>Frame that the kernel's own tables map at an address (<c>vmalloc_to_pfn</c>); -1 for none.</summary>
    public long KernelPfn(ulong address)
    {
        ulong entry = _tables.ReadPte(KernelRoot, address);
        return (entry & (ulong)PteFlags.Present) == 0 ? -1 : _tables.Mode.PfnOf(entry);
    }

    /// <summary>Writes the entry of one page (<c>PAGE_KERNEL</c>).</summary>
    internal void MapKernel(ulong address, long pfn) =>
        _tables.Write(_tables.FindLeafTable(KernelRoot, address, out _), address, _tables.Mode.MakeEntry(pfn, KernelPageFlags));

    /// <summary>Clears the entries of pages; tables stay, as the kernel never frees those.</summary>
    internal void UnmapKernel(ulong address, long pages)
    {
        for (long i = 0; i < pages; i++, address += 4096)
        {
            long table = _tables.FindLeafTable(KernelRoot, address, out _);
            if (table >= 0)
            {
                _tables.Write(table, address, 0);
            }
        }
    }

    private PteFlags KernelPageFlags => PteFlags.Present | PteFlags.Write | PteFlags.Accessed | PteFlags.Dirty | PteFlags.Global
        | (_tables.Mode.HasNoExecute ? PteFlags.NoExecute : 0);

    private void CopyToAll(ulong address)
    {
        for (int pid = 0; pid <= MaxPid; pid++)
        {
            if (_byPid[pid] is { } mm)
            {
                _tables.CopyTop(KernelRoot, mm.Root, address);
            }
        }
    }
}
