using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>Beginning and end of address spaces and page tables.</summary>
public sealed partial class AddressSpaces :
    IApply<MmInit>, IApply<MmDirectMap>, IApply<MmCreate>, IApply<MmLayout>, IApply<MmExit>, IApply<PgtableAlloc>
{
    public void Apply(in MmInit e, in EventHeader header)
    {
        KernelRoot = e.RootPfn;
        ZeroPfn = e.ZeroPfn;
        _frames[e.RootPfn].Use = FrameUse.PageTable;
        _tables.CreateEmptyRoot(e.RootPfn);
    }

    public void Apply(in MmDirectMap e, in EventHeader header)
    {
        int step = _tables.Mode.PagesPerLargePage;
        PteFlags flags = PteFlags.Present | PteFlags.Write | PteFlags.Accessed | PteFlags.Dirty | PteFlags.Global
            | (_tables.Mode.HasNoExecute ? PteFlags.NoExecute : 0);
        for (long pfn = 0; pfn < e.Frames; pfn += step)
        {
            _tables.WriteLarge(KernelRoot, _layout.DirectMapBase + ((ulong)pfn << 12), pfn, flags);
        }
    }

    public void Apply(in MmCreate e, in EventHeader header)
    {
        if (e.Pid >= _byPid.Length)
        {
            Array.Resize(ref _byPid, Math.Max(e.Pid + 1, _byPid.Length * 2));
            Array.Resize(ref _faults, _byPid.Length);
        }
        MaxPid = Math.Max(MaxPid, e.Pid);
        _frames[e.RootPfn].Use = FrameUse.PageTable;
        _tables.CreateRoot(e.RootPfn, KernelRoot, _layout.KernelStart);
        _byPid[e.Pid] = new AddressSpace { Pid = e.Pid, Root = e.RootPfn, MmapBase = _layout.MmapBase };
    }

    public void Apply(in MmLayout e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        mm.StartBrk = mm.Brk = (ulong)e.StartBrk;
        mm.StartStack = (ulong)e.StartStack;
    }

    public void Apply(in MmExit e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        Released.Clear();
        Gather.Clear();
        UnmapRange(mm, 0, _layout.TaskSize);
        _tables.Release(mm.Root);
        _frames[mm.Root].Use = FrameUse.None;
        Released.Add(mm.Root);
        _byPid[e.Pid] = null;
    }

    public void Apply(in PgtableAlloc e, in EventHeader header)
    {
        _frames[e.Pfn].Use = FrameUse.PageTable;
        ulong address = (ulong)e.Vpn << 12;
        if (e.Pid == 0)
        {
            _tables.Link(KernelRoot, address, e.Level, e.Pfn, PageTables.TableFlags & ~PteFlags.User);
            KernelPageTables++;
            if (e.Level == _tables.Mode.Levels - 2 && !(_tables.Mode.Levels == 2 && Kernel.IsVmalloc(address)))
            {
                // Made at boot, or as if it had been, for every address space; two-level kernels copy those of the vmalloc area later.
                CopyToAll(address);
            }
        }
        else
        {
            AddressSpace mm = this[e.Pid];
            _tables.Link(mm.Root, address, e.Level, e.Pfn, PageTables.TableFlags);
            mm.PageTables++;
        }
    }
}
