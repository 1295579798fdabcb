using Sim.Engine.Events;
using Sim.Hardware.Paging;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>What a child gets from its parent, and what is set for one process.</content>
public sealed partial class AddressSpaces : IApply<MmLimits>, IApply<MmFork>, IApply<MmCopyPages>
{
    public void Apply(in MmLimits e, in EventHeader header) =>
        this[e.Pid].Limits = new ResourceLimits(e.StackBytes, e.AddressSpaceBytes, e.DataBytes, e.MemlockBytes);

    public void Apply(in MmFork e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid], child = this[e.Child];
        (child.MmapBase, child.StartBrk, child.Brk, child.StartStack) = (mm.MmapBase, mm.StartBrk, mm.Brk, mm.StartStack);
        (child.TotalVm, child.DataVm, child.ExecVm, child.StackVm) = (mm.TotalVm, mm.DataVm, mm.ExecVm, mm.StackVm);
        (child.StartCode, child.EndCode, child.StartData, child.EndData) = (mm.StartCode, mm.EndCode, mm.StartData, mm.EndData);
        (child.ArgStart, child.EnvStart, child.EnvEnd) = (mm.ArgStart, mm.EnvStart, mm.EnvEnd);
        child.SavedAuxv.AddRange(mm.SavedAuxv);
        child.CommittedVm = mm.CommittedVm;
        (child.Limits, child.ReadImpliesExec, child.IsCompat, child.HiwaterVm) = (mm.Limits, mm.ReadImpliesExec, mm.IsCompat, mm.TotalVm);
        for (AreaCursor at = AreaIndex.First; mm.Areas.IsValid(at); at = mm.Areas.Next(at))
        {
            VmArea area = Areas[mm.Areas.Handle(at)];
            if ((area.VmFlags & VmFlags.DontCopy) != 0)
            {
                child.Account(area.VmFlags, -area.Pages);
                continue;
            }
            if ((area.VmFlags & VmFlags.WipeOnFork) != 0)
            {
                (area.AnonVma, area.AnonChain) = (0, 0);
            }
            else if (area.AnonVma != 0)
            {
                area.AnonVma = ++_anonVmas;
                area.AnonChain++;
            }
            area.VmFlags &= ~VmFlags.LockedMask;
            area.VmMm = e.Child;
            _editor.Insert(child, in area);
            MapShared(area.VmFile, area.Pages);
        }
    }

    public void Apply(in MmCopyPages e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid], child = this[e.Child];
        PagingMode mode = _tables.Mode;
        ulong at = (ulong)e.Vpn << 12;
        ref readonly VmArea area = ref Areas[mm.Areas.Handle(mm.Areas.Find(at))];
        bool copiesOnWrite = (area.VmFlags & (VmFlags.Shared | VmFlags.MayWrite)) == VmFlags.MayWrite;
        PteFlags forgotten = PteFlags.Accessed | ((area.VmFlags & VmFlags.Shared) != 0 ? PteFlags.Dirty : 0);
        long source = _tables.FindLeafTable(mm.Root, at, out _), target = _tables.FindLeafTable(child.Root, at, out _);
        for (long i = 0; i < e.Pages; i++, at += 4096)
        {
            ulong entry = _tables.Read(source, at);
            if (entry == 0)
            {
                continue;
            }
            if (SwapFormat.IsSlot(entry))
            {
                // Both name the slot, and neither has the page alone any more (copy_nonpresent_pte).
                int slot = SwapFormat.SlotOf(mode, entry);
                entry = SwapFormat.Entry(mode, slot, exclusive: false);
                _tables.Write(source, at, entry);
                _tables.Write(target, at, entry);
                Reclaim!.Swap.Area.AddEntry(slot);
                child.SwapEntries++;
                continue;
            }
            long pfn = mode.PfnOf(entry);
            PteFlags flags = mode.FlagsOf(entry);
            if (copiesOnWrite)
            {
                flags &= ~PteFlags.Write;
            }
            if (pfn != ZeroPfn)
            {
                ref Frame frame = ref _frames[pfn];
                frame.MapCount++;
                ReverseMap.Add(pfn, e.Child, e.Vpn + i);
                if (frame.Use == FrameUse.Anon && Blocks.IsPiece(pfn))
                {
                    Blocks.AddPieces(Blocks.Head(pfn), 1);
                }
                if (frame.Use == FrameUse.Anon)
                {
                    flags |= PageProtection.NotExclusive;
                    child.AnonRss++;
                }
                else if (area.VmFile < 0)
                {
                    child.ShmemRss++;
                }
                else
                {
                    child.FileRss++;
                }
            }
            _tables.Write(source, at, mode.MakeEntry(pfn, flags));
            _tables.Write(target, at, mode.MakeEntry(pfn, flags & ~forgotten));
        }
        child.HiwaterRss = Math.Max(child.HiwaterRss, child.Rss);
    }
}
