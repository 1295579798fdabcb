using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PageCache;

/// <summary>Hands dirty pages of files to their device, in the order of their offsets (<c>write_cache_pages</c> of mm/page-writeback.c, Linux 6.1).</summary>
internal sealed class PageWriter
{
    private readonly AddressSpaces _spaces;
    private readonly FileTable _files;
    private readonly FrameTable _frames;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly FileIo _io;
    private readonly long _pagePs;

    public PageWriter(AddressSpaces spaces, FrameTable frames, Journal journal, ITlbFlush tlb, FileIo io, ReclaimOptions options)
    {
        _spaces = spaces;
        _files = spaces.Reclaim!.Files;
        _frames = frames;
        _journal = journal;
        _tlb = tlb;
        _io = io;
        _pagePs = options.ScanPageNs * 1000L;
    }

    /// <summary>Begins to write up to so many dirty pages of a file from an offset on; those still being written are passed over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="from">The first offset; behind the last page begun on return, -1 when the file has no dirty page further on.</param>
    /// <param name="pages">How many at most.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Event that led here.</param>
    /// <returns>Pages begun.</returns>
    public int Write(int file, ref long from, int pages, CpuClock cpu, long cause)
    {
        DirtyPages? dirty = _files.Find(file)?.Dirty;
        int begun = 0;
        while (begun < pages && (from = dirty?.FirstFrom(from) ?? -1) >= 0)
        {
            long pfn = _spaces.Cache.Find(file, from++);
            if (!_frames[pfn].Has(PageFlags.Writeback))
            {
                Begin((int)pfn, cpu, cause);
                begun++;
            }
        }
        _io.Submit(cpu, cause);
        return begun;
    }

    private void Begin(int pfn, CpuClock cpu, long cause)
    {
        cpu.Charge(_pagePs);
        var e = new FileWriteback(pfn);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        ReverseMap map = _spaces.ReverseMap;
        for (int entry = map.First(pfn); entry != 0; entry = map.Next(entry))
        {
            (int pid, long vpn) = map[entry];
            _tlb.FlushRange(_spaces[pid], (ulong)vpn << 12, (ulong)(vpn + 1) << 12, cpu.Id, header.Sequence);
        }
        _io.Gather(pfn, write: true, cpu, header.Sequence);
    }
}
