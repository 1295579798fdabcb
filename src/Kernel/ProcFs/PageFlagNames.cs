using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>
/// A frame's flags as <c>/proc/kpageflags</c> has them, by its names and in its order (fs/proc/page.c, <c>stable_page_flags</c>;
/// Documentation/admin-guide/mm/pagemap.rst).
/// </summary>
public static class PageFlagNames
{
    /// <summary>The names; empty for a frame without any.</summary>
    /// <param name="frames">The frames.</param>
    /// <param name="pfn">The frame.</param>
    /// <param name="head">The first frame of its block.</param>
    public static IEnumerable<string> Of(FrameTable frames, long pfn, long head)
    {
        Frame frame = frames[head];
        bool allocated = frame.State == FrameState.Allocated, paged = allocated && frame.Use is FrameUse.Anon or FrameUse.File or FrameUse.Shmem;
        bool compound = allocated && frame.Order > 0 && frame.Use is FrameUse.Slab or FrameUse.Anon or FrameUse.File;
        (bool Set, string Name)[] all =
        [
            (frame.Has(PageFlags.Locked), "locked"),
            (frame.Has(PageFlags.Referenced), "referenced"),
            (paged && !frame.Has(PageFlags.Locked), "uptodate"),
            (frame.Has(PageFlags.Dirty), "dirty"),
            (frame.Has(PageFlags.Lru), "lru"),
            (frame.Has(PageFlags.Active), "active"),
            (allocated && frame.Use == FrameUse.Slab, "slab"),
            (frame.Has(PageFlags.Writeback), "writeback"),
            (frame.Has(PageFlags.Reclaim), "reclaim"),
            (frame.State == FrameState.Buddy, "buddy"),
            (paged && frame.MapCount > 0, "mmap"),
            (allocated && frame.Use == FrameUse.Anon, "anonymous"),
            (frame.Has(PageFlags.SwapCache), "swapcache"),
            (paged && LruLists.IsSwapBacked(in frame), "swapbacked"),
            (compound && pfn == head, "compound_head"),
            (compound && pfn != head, "compound_tail"),
            (frame.Has(PageFlags.Unevictable), "unevictable"),
            (frame.State == FrameState.Hole, "nopage"),
            (compound && frame.Use == FrameUse.Anon, "thp"),
            (allocated && frame.Use == FrameUse.PageTable, "pgtable"),
            (frame.State == FrameState.Reserved, "reserved"),
            (frame.Has(PageFlags.Mlocked), "mlocked"),
            (frame.Has(PageFlags.Readahead), "readahead"),
            (frame.Has(PageFlags.Workingset), "workingset"),
        ];
        return all.Where(f => f.Set).Select(f => f.Name);
    }
}
