using Sim.Engine.Events;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim.Generations;

/// <summary>
/// The lists of the multi-generational LRU (<c>struct lru_gen_struct</c>, include/linux/mmzone.h, Linux 6.1): one for each of up to four
/// generations, kind of page and zone. Generations have growing sequence numbers; the youngest is that of both kinds, the oldest each kind
/// has its own. A page's list may be older than the generation that its frame names: reclaim sorts it when it comes to it. Sourced state.
/// </summary>
public sealed class GenerationState : IApply<LruGenFault>, IApply<LruGenRetire>
{
    /// <summary><c>MAX_NR_GENS</c> and <c>MIN_NR_GENS</c>: the two youngest generations are the active ones of old.</summary>
    public const int MaxGenerations = 4, MinGenerations = 2;

    /// <summary>List heads it needs in the frame table.</summary>
    public const int Heads = MaxGenerations * Kinds * ZoneTypes.Count;

    /// <summary>Uses that a frame counts at most, the first two apart (<c>LRU_REFS_MASK</c>).</summary>
    internal const int MaxUses = 3;

    private const int Kinds = 2;
    private const int RefsBits = 2;
    private const uint SequenceMask = (1u << 28) - 1;

    private readonly FrameTable _frames;
    private readonly int _firstList;
    private readonly long[] _sizes = new long[Heads];
    private readonly long[] _bornPs = new long[MaxGenerations];
    private readonly long[] _oldest = new long[Kinds];

    /// <param name="frames">Frames, with <see cref="Heads"/> list heads for it.</param>
    /// <param name="firstList">Number of the first of them.</param>
    internal GenerationState(FrameTable frames, int firstList) => (_frames, _firstList) = (frames, firstList);

    /// <summary>Refaults by tier.</summary>
    public TierControl Tiers { get; } = new();

    /// <summary>Page tables that are worth a walk.</summary>
    public TableFilter Filter { get; } = new();

    /// <summary>Pages that come in are wanted by a fault (<c>in_lru_fault</c>).</summary>
    public bool InFault { get; private set; }

    /// <summary>Sequence number of the youngest generation (<c>max_seq</c>).</summary>
    public long Youngest { get; private set; } = MinGenerations + 1;

    /// <summary>Sequence number of the oldest generation of a kind (<c>min_seq</c>).</summary>
    public long Oldest(bool file) => _oldest[file ? 1 : 0];

    /// <summary>How many generations a kind has (<c>get_nr_gens</c>).</summary>
    public int Count(bool file) => (int)(Youngest - Oldest(file)) + 1;

    /// <summary>When a generation became the youngest, in picoseconds of simulated time.</summary>
    public long BornPs(long sequence) => _bornPs[Slot(sequence)];

    /// <summary>Pages of a generation in a zone, by what their frames say.</summary>
    public long Size(long sequence, bool file, ZoneType zone) => _sizes[At(Slot(sequence), file, zone)];

    /// <summary>Pages of a generation.</summary>
    public long Size(long sequence, bool file)
    {
        long pages = 0;
        for (int zone = 0; zone < ZoneTypes.Count; zone++)
        {
            pages += Size(sequence, file, (ZoneType)zone);
        }
        return pages;
    }

    /// <summary>Pages of the two youngest generations in a zone, or of the others: what counts as active and inactive.</summary>
    public long Size(bool active, bool file, ZoneType zone)
    {
        long pages = 0;
        for (int slot = 0; slot < MaxGenerations; slot++)
        {
            pages += IsActive(slot) == active ? _sizes[At(slot, file, zone)] : 0;
        }
        return pages;
    }

    /// <summary>Number of a list's head in the frame table.</summary>
    public int Head(long sequence, bool file, ZoneType zone) => _firstList + At(Slot(sequence), file, zone);

    /// <summary>The page that reclaim comes to next in the oldest generation of a kind; -1 when there is none in that zone.</summary>
    public int Last(bool file, ZoneType zone)
    {
        int head = Head(Oldest(file), file, zone), pfn = _frames.At(head).Prev;
        return pfn == head ? -1 : pfn;
    }

    /// <summary>Whether a page lies in the generation that reclaim takes from.</summary>
    public bool IsOldest(in Frame frame) => frame.Generation - 1 == Slot(Oldest(IsFile(in frame)));

    /// <summary>The sequence number of the generation that the frame of a page on a list names.</summary>
    public long SequenceOf(in Frame frame)
    {
        long behind = (Youngest - (frame.Generation - 1)) % MaxGenerations;
        return Youngest - behind;
    }

    /// <summary>Whether the oldest generation of a kind has pages on its lists.</summary>
    public bool HasOldest(bool file) => !IsEmpty(Oldest(file), file);

    /// <summary>Accesses beyond the first, as far as they are known (<c>folio_lru_refs</c>).</summary>
    public static int Refs(in Frame frame) => frame.Uses + (frame.Has(PageFlags.Workingset) ? 1 : 0);

    public void Apply(in LruGenFault e, in EventHeader header) => InFault = e.InFault;

    public void Apply(in LruGenRetire e, in EventHeader header) => SkipEmpty(e.CanSwap);

    /// <summary>A page was used through a file descriptor once more (<c>folio_inc_refs</c>).</summary>
    internal static void CountUse(ref Frame frame)
    {
        if (frame.Has(PageFlags.Unevictable))
        {
            return;
        }
        if (!frame.Has(PageFlags.Referenced))
        {
            frame.Flags |= PageFlags.Referenced;
        }
        else if (!frame.Has(PageFlags.Workingset))
        {
            frame.Flags |= PageFlags.Workingset;
        }
        else
        {
            frame.Uses = Math.Min(frame.Uses + 1, MaxUses);
        }
    }

    /// <summary>
    /// A page that was taken off is not reclaimed (<c>evict_folios</c>): it becomes one of the youngest, so that it does not come back at
    /// once, unless it only waits to be written.
    /// </summary>
    internal static void Reject(ref Frame frame)
    {
        if (frame.Has(PageFlags.Reclaim) && frame.Has(PageFlags.Dirty | PageFlags.Writeback))
        {
            frame.Flags |= frame.Has(PageFlags.Workingset) ? PageFlags.Referenced : 0;
            return;
        }
        frame.Uses = 0;
        frame.Flags = (frame.Flags & ~(PageFlags.Referenced | PageFlags.Workingset)) | PageFlags.Active;
    }

    /// <summary>The shadow entry of a page that is evicted now (<c>lru_gen_eviction</c>): its oldest generation and its accesses; never 0.</summary>
    internal uint Evict(in Frame frame)
    {
        bool file = IsFile(in frame);
        int refs = Refs(in frame);
        Tiers.Evict(file, TierControl.TierOf(refs + 1));
        uint token = (((uint)Oldest(file) & SequenceMask) << RefsBits) | (uint)Math.Max(refs - 1, 0);
        return ((token << 1) | (refs > 0 ? 1u : 0)) + 2;
    }

    /// <summary>A page that left a shadow comes back (<c>lru_gen_refault</c>).</summary>
    /// <param name="frame">Its new frame.</param>
    /// <param name="shadow">What it left.</param>
    /// <param name="restored">It should not have gone: it is as if used as often as is counted.</param>
    /// <returns>False when the generation that it was evicted from is not the oldest any more, which says nothing.</returns>
    internal bool Refault(ref Frame frame, uint shadow, out bool restored)
    {
        shadow -= 2;
        bool file = IsFile(in frame);
        restored = false;
        uint token = shadow >> 1;
        if (token >> RefsBits != ((uint)Oldest(file) & SequenceMask))
        {
            return false;
        }
        int refs = (int)(token & ((1 << RefsBits) - 1)) + (int)(shadow & 1);
        Tiers.Refault(file, TierControl.TierOf(refs + 1));
        restored = InFault || refs >= MaxUses;
        if (restored)
        {
            frame.Uses = MaxUses;
            frame.Flags |= PageFlags.Workingset;
        }
        return true;
    }

    /// <summary>
    /// Puts a page on a list (<c>lru_gen_add_folio</c>): an active one is the youngest, one that cannot go yet the second youngest, any other
    /// the second oldest, or the oldest while it is reclaimed or there are not enough generations.
    /// </summary>
    /// <param name="pfn">Its frame, on no list.</param>
    /// <param name="reclaiming">It is to be the next to go.</param>
    internal void Add(int pfn, bool reclaiming)
    {
        ref Frame frame = ref _frames.At(pfn);
        bool file = IsFile(in frame);
        bool waits = (!file && !frame.Has(PageFlags.SwapCache))
            || (frame.Has(PageFlags.Reclaim) && frame.Has(PageFlags.Dirty | PageFlags.Writeback));
        long sequence = frame.Has(PageFlags.Active) ? Youngest
            : waits ? Youngest - 1
            : reclaiming || Count(file) <= MinGenerations + 1 ? Oldest(file)
            : Oldest(file) + 1;
        frame.Generation = Slot(sequence) + 1;
        frame.Flags = (frame.Flags & ~PageFlags.Active) | PageFlags.Lru;
        _sizes[At(Slot(sequence), file, frame.Zone)]++;
        int head = Head(sequence, file, frame.Zone);
        if (reclaiming)
        {
            _frames.LinkLast(head, pfn);
        }
        else
        {
            _frames.LinkFirst(head, pfn);
        }
    }

    /// <summary>Takes a page off its list (<c>lru_gen_del_folio</c>); unless it is to be reclaimed it is marked active if its generation is.</summary>
    internal void Take(int pfn, bool reclaiming)
    {
        ref Frame frame = ref _frames.At(pfn);
        _sizes[At(frame.Generation - 1, IsFile(in frame), frame.Zone)]--;
        frame.Flags = (frame.Flags & ~PageFlags.Lru) | (!reclaiming && IsActive(frame.Generation - 1) ? PageFlags.Active : 0);
        frame.Generation = 0;
        _frames.Unlink(pfn);
    }

    /// <summary>A page was found accessed through page tables (<c>folio_update_gen</c>): it belongs to a younger generation, its list stays.</summary>
    /// <returns>False when it is on no list; it is marked referenced then.</returns>
    internal bool Promote(int pfn, long sequence)
    {
        ref Frame frame = ref _frames.At(pfn);
        if (frame.Generation == 0)
        {
            frame.Flags |= PageFlags.Referenced;
            return false;
        }
        Rename(ref frame, Slot(sequence));
        return true;
    }

    /// <summary>A page met in the oldest generation that does not go moves one on, or to where it was promoted (<c>folio_inc_gen</c>).</summary>
    /// <param name="pfn">Its frame.</param>
    /// <param name="first">To the young end of its new list; otherwise to the end that reclaim begins with.</param>
    /// <param name="reclaiming">It is to be reclaimed as soon as it is written.</param>
    internal void MoveOn(int pfn, bool first, bool reclaiming)
    {
        ref Frame frame = ref _frames.At(pfn);
        bool file = IsFile(in frame);
        if (IsOldest(in frame))
        {
            Rename(ref frame, Slot(Oldest(file) + 1));
            frame.Flags |= reclaiming ? PageFlags.Reclaim : 0;
        }
        Resort(pfn, first);
    }

    /// <summary>Moves a page to the list of the generation that its frame names.</summary>
    internal void Resort(int pfn, bool first)
    {
        ref Frame frame = ref _frames.At(pfn);
        int head = _firstList + At(frame.Generation - 1, IsFile(in frame), frame.Zone);
        _frames.Unlink(pfn);
        if (first)
        {
            _frames.LinkFirst(head, pfn);
        }
        else
        {
            _frames.LinkLast(head, pfn);
        }
    }

    /// <summary>Empty oldest generations are done with (<c>try_to_inc_min_seq</c>).</summary>
    /// <param name="canSwap">Anonymous pages may go; otherwise their generations stay behind.</param>
    /// <returns>Whether there were any.</returns>
    internal bool SkipEmpty(bool canSwap)
    {
        (long anon, long file) = AfterEmpty(canSwap);
        return SetOldest(file: false, anon) | SetOldest(file: true, file);
    }

    /// <summary>Whether <see cref="SkipEmpty"/> would find any.</summary>
    internal bool HasEmpty(bool canSwap) => AfterEmpty(canSwap) != (Oldest(file: false), Oldest(file: true));

    private (long Anon, long File) AfterEmpty(bool canSwap)
    {
        long anon = canSwap ? FirstPopulated(file: false) : Oldest(file: false), file = FirstPopulated(file: true);
        if (canSwap)
        {
            anon = Math.Min(anon, file);
            file = Math.Max(anon, Oldest(file: true));
        }
        return (anon, file);
    }

    /// <summary>Opens a new generation (<c>inc_max_seq</c>); when there is no room for it the two oldest become one.</summary>
    internal void Open(long timePs, bool canSwap)
    {
        foreach (bool file in (ReadOnlySpan<bool>)[true, false])
        {
            if (Count(file) == MaxGenerations)
            {
                Merge(file, canSwap);
            }
        }
        Youngest++;
        _bornPs[Slot(Youngest)] = timePs;
    }

    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Youngest);
        hash.AddSpan<long>(_oldest);
        hash.AddSpan<long>(_sizes);
        hash.AddSpan<long>(_bornPs);
        hash.Add(InFault ? 1 : 0);
        Filter.HashInto(ref hash);
        Tiers.HashInto(ref hash);
    }

    internal static bool IsFile(in Frame frame) => !LruLists.IsSwapBacked(in frame);

    private static int Slot(long sequence) => (int)(sequence % MaxGenerations);

    private static int At(int slot, bool file, ZoneType zone) => (((slot * Kinds) + (file ? 1 : 0)) * ZoneTypes.Count) + (int)zone;

    private bool IsActive(int slot) => slot == Slot(Youngest) || slot == Slot(Youngest - 1);

    // What descriptors and earlier rounds knew of the page is forgotten with its generation.
    private void Rename(ref Frame frame, int slot)
    {
        bool file = IsFile(in frame);
        _sizes[At(frame.Generation - 1, file, frame.Zone)]--;
        _sizes[At(slot, file, frame.Zone)]++;
        frame.Generation = slot + 1;
        frame.Uses = 0;
        frame.Flags &= ~(PageFlags.Referenced | PageFlags.Workingset);
    }

    /// <summary>The oldest generation whose lists are not empty, as long as enough are left (lists, not sizes: what is there is still to be sorted).</summary>
    private long FirstPopulated(bool file)
    {
        long sequence = Oldest(file);
        while (sequence + MinGenerations <= Youngest && IsEmpty(sequence, file))
        {
            sequence++;
        }
        return sequence;
    }

    private bool IsEmpty(long sequence, bool file)
    {
        for (int zone = 0; zone < ZoneTypes.Count; zone++)
        {
            if (_frames.First(Head(sequence, file, (ZoneType)zone)) >= 0)
            {
                return false;
            }
        }
        return true;
    }

    private bool SetOldest(bool file, long sequence)
    {
        if (sequence == Oldest(file))
        {
            return false;
        }
        Tiers.Advance(file);
        _oldest[file ? 1 : 0] = sequence;
        return true;
    }

    // Anonymous pages that cannot be swapped stay where they are: their slot becomes that of the youngest generation.
    private void Merge(bool file, bool canSwap)
    {
        for (int zone = 0; zone < ZoneTypes.Count && (file || canSwap); zone++)
        {
            for (int pfn; (pfn = Last(file, (ZoneType)zone)) >= 0;)
            {
                MoveOn(pfn, first: false, reclaiming: false);
            }
        }
        SetOldest(file, Oldest(file) + 1);
    }
}
