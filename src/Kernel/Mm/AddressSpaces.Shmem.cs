using Sim.Engine.Events;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>Pages of shared memory that go to the swap area and come back (mm/shmem.c, Linux 6.1).</content>
public sealed partial class AddressSpaces : IApply<ShmemWritepage>, IApply<ShmemReadahead>, IApply<ShmemSwapIn>
{
    /// <summary>
    /// In the swap cache a page belongs to no object any more, so that it is as an anonymous one that nobody maps; what names its
    /// slot is the object.
    /// </summary>
    public void Apply(in ShmemWritepage e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        SwapState swap = Reclaim!.Swap;
        int file = ReverseMap.Mapping(e.Pfn);
        swap.Add(e.Cpu, (int)e.Slot, e.Pfn);
        swap.Area.AddEntry((int)e.Slot);
        Cache.Remove(file, (uint)frame.Index);
        SharedMemory.SwapEntries.Add(file, (uint)frame.Index, e.Slot);
        SharedMemory.ResidentPages--;
        ReverseMap.SetMapping(e.Pfn, (int)e.Slot);
        frame.Use = FrameUse.Anon;
        frame.Flags |= PageFlags.SwapCache;
    }

    public void Apply(in ShmemReadahead e, in EventHeader header) =>
        Reclaim!.Swap.NoteWindow(e.Slot, e.ReadaheadPages, e.ReadaheadPages == 0 && TakeReadaheadMark((int)e.Slot));

    public void Apply(in ShmemSwapIn e, in EventHeader header)
    {
        ref Frame frame = ref _frames[e.Pfn];
        SwapState swap = Reclaim!.Swap;
        int slot = ReverseMap.Mapping(e.Pfn);
        SharedMemory.SwapEntries.Remove(e.File, e.Pgoff);
        SharedMemory.ResidentPages++;
        Cache.Add(e.File, e.Pgoff, e.Pfn);
        // The slot goes, so that the page is the only copy.
        swap.RemoveFromCache(slot, 0);
        swap.DropEntry(slot);
        ReverseMap.SetMapping(e.Pfn, e.File);
        (frame.Use, frame.Index) = (FrameUse.Shmem, unchecked((int)e.Pgoff));
        frame.Flags = (frame.Flags & ~PageFlags.SwapCache) | PageFlags.Dirty;
    }

    /// <summary>A page of an object that ends is not needed any more, where it is swapped out (<c>shmem_free_swap</c>).</summary>
    private void DropSharedSlot(int number, long pgoff)
    {
        int slot = (int)SharedMemory.SwapEntries.Remove(-number, pgoff);
        if (slot > 0)
        {
            DropSlot(slot);
        }
    }
}
