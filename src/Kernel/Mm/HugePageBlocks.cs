using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// The blocks behind huge pages: how often each is mapped as a whole and piece by piece, and the queue of those of which a part is
/// not mapped any more, so that they are to be split when memory is short (<c>compound_mapcount</c>, <c>deferred_split_queue</c>;
/// mm/huge_memory.c, Linux 6.1). As in the kernel, what is known of a block lies in its first tail frames. Sourced state.
/// </summary>
public sealed class HugePageBlocks
{
    // Tail frames and what they are used for.
    private const int Entire = 1, Pieces = 2, Queue = 3;

    private readonly FrameTable _frames;

    internal HugePageBlocks(FrameTable frames, int pages)
    {
        _frames = frames;
        Pages = pages;
    }

    /// <summary>Pages of a block.</summary>
    public int Pages { get; }

    /// <summary>Blocks in the queue (<c>split_queue_len</c>).</summary>
    public int Queued { get; private set; }

    /// <summary>The block that has waited longest; -1 when the queue is empty.</summary>
    public long First { get; private set; } = -1;

    private long Last { get; set; } = -1;

    /// <summary>The frame belongs to a block that is mapped, or was, as a huge page.</summary>
    public bool IsPiece(long pfn)
    {
        ref Frame frame = ref _frames[pfn];
        return frame.State == FrameState.Tail || (frame.State == FrameState.Allocated && frame.Order > 0);
    }

    /// <summary>First frame of the block that a frame belongs to; of a single page itself.</summary>
    public long Head(long pfn) => _frames[pfn].State == FrameState.Tail ? pfn & -(long)Pages : pfn;

    /// <summary>Entries of level 1 that map the block.</summary>
    public int EntireMaps(long head) => _frames[head + Entire].Index;

    /// <summary>Entries of level 0 that map pages of the block.</summary>
    public int PieceMaps(long head) => _frames[head + Pieces].Index;

    /// <summary>Some entry maps the block or a page of it.</summary>
    public bool IsMapped(long head) => EntireMaps(head) + PieceMaps(head) > 0;

    /// <summary>Entries that map a page, or the block it lies in (<c>page_mapcount</c>).</summary>
    public int MapCount(long pfn) => _frames[pfn].MapCount + (_frames[pfn].State == FrameState.Tail ? EntireMaps(Head(pfn)) : 0);

    /// <summary>The block waits to be split.</summary>
    public bool IsQueued(long head) => _frames[head + Queue].Index != 0;

    /// <summary>The block that waits behind one; -1 at the end.</summary>
    public long Next(long head) => _frames[head + Queue].Next;

    /// <summary>A fresh block.</summary>
    internal void Begin(long head) =>
        _frames[head + Entire].Index = _frames[head + Pieces].Index = _frames[head + Queue].Index = 0;

    internal void AddEntire(long head, int maps) => _frames[head + Entire].Index += maps;

    internal void AddPieces(long head, int maps) => _frames[head + Pieces].Index += maps;

    /// <summary>A page of the block is mapped by nobody any more, and others are (<c>deferred_split_huge_page</c>); false when it waits already.</summary>
    internal bool Defer(long head)
    {
        if (IsQueued(head))
        {
            return false;
        }
        ref Frame link = ref _frames[head + Queue];
        (link.Index, link.Prev, link.Next) = (1, (int)Last, -1);
        if (Last >= 0)
        {
            _frames[Last + Queue].Next = (int)head;
        }
        else
        {
            First = head;
        }
        Last = head;
        Queued++;
        return true;
    }

    /// <summary>The block waits no longer.</summary>
    internal void Leave(long head)
    {
        if (!IsQueued(head))
        {
            return;
        }
        ref Frame link = ref _frames[head + Queue];
        if (link.Prev >= 0)
        {
            _frames[link.Prev + Queue].Next = link.Next;
        }
        else
        {
            First = link.Next;
        }
        if (link.Next >= 0)
        {
            _frames[link.Next + Queue].Prev = link.Prev;
        }
        else
        {
            Last = link.Prev;
        }
        (link.Index, link.Prev, link.Next) = (0, 0, 0);
        Queued--;
    }

    /// <summary>The block is a huge page no longer; its tail frames are as those of other blocks.</summary>
    internal void End(long head)
    {
        Leave(head);
        for (long pfn = head + 1; pfn < head + Pages; pfn++)
        {
            _frames[pfn].Clear();
        }
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Queued);
        hash.Add(First);
        hash.Add(Last);
    }
}
