using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Compaction;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// Moves a page to another frame: everything that maps it maps the new frame afterwards, and no CPU translates to the old one
/// any more (mm/migrate.c of 6.1).
/// </summary>
internal sealed class PageMigration
{
    private readonly AddressSpaces _spaces;
    private readonly PageAllocator _allocator;
    private readonly FrameTable _frames;
    private readonly MovablePages _movable;
    private readonly Journal _journal;
    private readonly ITlbFlush _tlb;
    private readonly long _movePs;

    /// <param name="spaces">What maps pages.</param>
    /// <param name="allocator">Takes the old frames.</param>
    /// <param name="movable">Who holds pages without mapping them.</param>
    /// <param name="journal">Where decisions go.</param>
    /// <param name="tlb">Told of entries that change.</param>
    /// <param name="movePs">Time that moving a page takes, with its copy.</param>
    public PageMigration(
        AddressSpaces spaces, PageAllocator allocator, MovablePages movable, Journal journal, ITlbFlush tlb, long movePs)
    {
        _spaces = spaces;
        _allocator = allocator;
        _frames = allocator.State.Frames;
        _movable = movable;
        _journal = journal;
        _tlb = tlb;
        _movePs = movePs;
    }

    /// <summary>True when the page can be moved by someone who waits as far as the flags allow.</summary>
    public bool CanMove(long pfn, in Frame frame, GfpFlags gfp) => !frame.Has(PageFlags.Locked | PageFlags.Writeback) && frame.Use switch
    {
        FrameUse.Anon => true,
        // Files and shared memory are no business of one who must stay out of file systems.
        FrameUse.File or FrameUse.Shmem => _spaces.ReverseMap.Mapping(pfn) != 0 && (gfp & GfpFlags.Fs) != 0,
        _ => _movable.Find(frame.Owner) is not null,
    };

    /// <summary>Moves a page and frees its old frame.</summary>
    public void Move(long from, long to, CpuClock cpu, long cause)
    {
        ref Frame frame = ref _frames[from];
        IMovablePageOwner? holder = frame.Use == FrameUse.None ? _movable.Find(frame.Owner) : null;
        cpu.Charge(_movePs);
        var move = new CompactMigrate(from, to, (byte)cpu.Id);
        EventHeader header = _journal.Emit(in move, cause);
        _spaces.Apply(in move, in header);
        ReverseMap map = _spaces.ReverseMap;
        for (int entry = map.First(to); entry != 0; entry = map.Next(entry))
        {
            (int pid, long vpn) = map[entry];
            ulong address = (ulong)vpn << 12;
            _tlb.FlushRange(_spaces[pid], address, address + 4096, cpu.Id, header.Sequence);
        }
        holder?.Migrated(from, to);
        _allocator.FreePages(from, 0, cpu, header.Sequence);
    }
}
