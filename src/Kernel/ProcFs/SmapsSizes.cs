using Sim.Hardware.Paging;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>
/// What smaps counts over the page-table entries of an area (<c>struct mem_size_stats</c>, fs/proc/task_mmu.c). In bytes; a share of a
/// page mapped several times is kept with 12 more bits, as the kernel does (<c>PSS_SHIFT</c>), and cut to KiB at the end.
/// </summary>
internal sealed class SmapsSizes
{
    private const int ShareShift = 12;
    private const long PageBytes = 4096;

    private long _pss, _pssDirty, _pssAnon, _pssFile, _pssShmem, _pssLocked, _swapPss;

    public long Resident { get; private set; }
    public long Pss => _pss >> ShareShift;
    public long PssDirty => _pssDirty >> ShareShift;
    public long PssAnon => _pssAnon >> ShareShift;
    public long PssFile => _pssFile >> ShareShift;
    public long PssShmem => _pssShmem >> ShareShift;
    public long SharedClean { get; private set; }
    public long SharedDirty { get; private set; }
    public long PrivateClean { get; private set; }
    public long PrivateDirty { get; private set; }
    public long Referenced { get; private set; }
    public long Anonymous { get; private set; }
    public long LazyFree { get; private set; }
    public long AnonHugePages { get; private set; }
    public long Swap { get; private set; }
    public long SwapPss => _swapPss >> ShareShift;
    public long Locked => _pssLocked >> ShareShift;

    /// <summary>Adds the pages of an area; those without a <c>struct page</c> of their own (the zero page) count for nothing.</summary>
    public void Add(AddressSpaces spaces, FrameTable frames, ReclaimState? reclaim, in VmArea area)
    {
        AddressSpace mm = spaces[area.VmMm];
        bool locked = (area.VmFlags & VmFlags.Locked) != 0;
        foreach ((ulong address, ulong entry, bool large) in PageWalk.Entries(spaces.Tables, mm.Root, area.VmStart, area.VmEnd))
        {
            AddEntry(spaces, frames, reclaim, in area, address, entry, large, locked);
        }
        if (area.VmFile < 0)
        {
            // What the object has swapped out, whoever mapped it (shmem_swap_usage); its share is not counted.
            (int file, long first, long end) = (area.VmFile, area.VmPgoff, area.VmPgoff + area.Pages);
            Swap += PageBytes * spaces.SharedMemory.SwapEntries.Entries.Count(e => e.File == file && e.Pgoff >= first && e.Pgoff < end);
        }
    }

    private void AddEntry(
        AddressSpaces spaces, FrameTable frames, ReclaimState? reclaim, in VmArea area, ulong address, ulong entry, bool large, bool locked)
    {
        PagingMode mode = spaces.Tables.Mode;
        if (SwapFormat.IsSlot(entry))
        {
            int count = reclaim?.Swap.Area.CountOf(SwapFormat.SlotOf(mode, entry)) ?? 1;
            Swap += PageBytes;
            _swapPss += (PageBytes << ShareShift) / Math.Max(count, 1);
            return;
        }
        long pfn = mode.PfnOf(entry), head = FrameView.Head(frames, pfn);
        if (pfn == spaces.ZeroPfn || head == spaces.HugeZeroPfn || (area.VmFlags & VmFlags.PfnMap) != 0)
        {
            return;
        }
        ref readonly Frame frame = ref frames[head];
        PteFlags flags = mode.FlagsOf(entry);
        bool anon = frame.Use == FrameUse.Anon, dirty = (flags & PteFlags.Dirty) != 0 || frame.Has(PageFlags.Dirty);
        Resident += PageBytes;
        Anonymous += anon ? PageBytes : 0;
        LazyFree += anon && !dirty && !LruLists.IsSwapBacked(in frame) ? PageBytes : 0;
        AnonHugePages += anon && large ? PageBytes : 0;
        Referenced += (flags & PteFlags.Accessed) != 0 || frame.Has(PageFlags.Referenced) ? PageBytes : 0;

        int maps = spaces.Blocks.MapCount(pfn);
        long share = (PageBytes << ShareShift) / Math.Max(maps, 1);
        bool shared = maps >= 2;
        _pss += share;
        _pssDirty += dirty ? share : 0;
        _pssLocked += locked ? share : 0;
        _pssAnon += anon ? share : 0;
        _pssShmem += !anon && area.VmFile < 0 ? share : 0;
        _pssFile += !anon && area.VmFile >= 0 ? share : 0;
        SharedDirty += shared && dirty ? PageBytes : 0;
        SharedClean += shared && !dirty ? PageBytes : 0;
        PrivateDirty += !shared && dirty ? PageBytes : 0;
        PrivateClean += !shared && !dirty ? PageBytes : 0;
    }
}
