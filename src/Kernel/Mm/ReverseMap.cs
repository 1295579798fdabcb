using System.Runtime.CompilerServices;
using Sim.Engine.Events;

namespace Sim.Kernel.Mm;

/// <summary>
/// From a frame to the page-table entries that map it, and to the object whose page it holds: what the kernel finds through
/// <c>page->mapping</c> and the trees of areas behind it (mm/rmap.c), kept here entry by entry. Sourced state.
/// </summary>
public sealed class ReverseMap
{
    private const int ChunkShift = 9;

    private struct Slot
    {
        public int First;
        public int Mapping;
    }

    private struct Link
    {
        public long Vpn;
        public int Pid;
        public int Next;
    }

    private readonly Slot[]?[] _chunks;
    private Link[] _links = new Link[256];
    private int _free, _used = 1;
    private ulong _sum;

    /// <param name="frames">Number of frames.</param>
    public ReverseMap(long frames)
    {
        _chunks = new Slot[]?[(int)((frames + (1 << ChunkShift) - 1) >> ChunkShift)];
    }

    /// <summary>Entries in all.</summary>
    public int Count { get; private set; }

    /// <summary>The first entry that maps a frame; 0 when none does.</summary>
    public int First(long pfn) => _chunks[pfn >> ChunkShift] is { } chunk ? chunk[pfn & ((1 << ChunkShift) - 1)].First : 0;

    /// <summary>The next entry that maps the same frame; 0 when there is none.</summary>
    public int Next(int entry) => _links[entry].Next;

    /// <summary>The process and page number of an entry.</summary>
    public (int Pid, long Vpn) this[int entry] => (_links[entry].Pid, _links[entry].Vpn);

    /// <summary>The object whose page a frame of the page cache holds, as in <see cref="VmArea.VmFile"/>; 0 for none.</summary>
    public int Mapping(long pfn) => _chunks[pfn >> ChunkShift] is { } chunk ? chunk[pfn & ((1 << ChunkShift) - 1)].Mapping : 0;

    internal void SetMapping(long pfn, int file)
    {
        ref Slot slot = ref SlotOf(pfn);
        _sum -= slot.Mapping == 0 ? 0 : Mix(pfn, slot.Mapping, -1);
        slot.Mapping = file;
        _sum += file == 0 ? 0 : Mix(pfn, file, -1);
    }

    internal void Add(long pfn, int pid, long vpn)
    {
        ref Slot slot = ref SlotOf(pfn);
        int entry = _free;
        if (entry != 0)
        {
            _free = _links[entry].Next;
        }
        else
        {
            if (_used == _links.Length)
            {
                Array.Resize(ref _links, _links.Length * 2);
            }
            entry = _used++;
        }
        _links[entry] = new Link { Pid = pid, Vpn = vpn, Next = slot.First };
        slot.First = entry;
        Count++;
        _sum += Mix(pfn, pid, vpn);
    }

    internal void Remove(long pfn, int pid, long vpn)
    {
        ref int at = ref SlotOf(pfn).First;
        while (at != 0)
        {
            ref Link link = ref _links[at];
            if (link.Pid == pid && link.Vpn == vpn)
            {
                int entry = at;
                at = link.Next;
                link.Next = _free;
                _free = entry;
                Count--;
                _sum -= Mix(pfn, pid, vpn);
                return;
            }
            at = ref link.Next;
        }
        throw new InvalidOperationException($"pfn 0x{pfn:x} is not mapped by process {pid} at page 0x{vpn:x}.");
    }

    /// <summary>Everything known of a frame is true of another one from now on.</summary>
    internal void Move(long fromPfn, long toPfn)
    {
        ref Slot to = ref SlotOf(toPfn);
        ref Slot from = ref SlotOf(fromPfn);
        for (int entry = from.First; entry != 0; entry = _links[entry].Next)
        {
            _sum += Mix(toPfn, _links[entry].Pid, _links[entry].Vpn) - Mix(fromPfn, _links[entry].Pid, _links[entry].Vpn);
        }
        _sum += from.Mapping == 0 ? 0 : Mix(toPfn, from.Mapping, -1) - Mix(fromPfn, from.Mapping, -1);
        to = from;
        from = default;
    }

    /// <summary>Appends it to a state hash: a sum over the entries, whatever order they are in.</summary>
    internal void HashInto(ref XxHash64 hash)
    {
        hash.Add(Count);
        hash.Add((long)_sum);
    }

    private ref Slot SlotOf(long pfn)
    {
        ref Slot[]? chunk = ref _chunks[pfn >> ChunkShift];
        chunk ??= new Slot[1 << ChunkShift];
        return ref chunk[pfn & ((1 << ChunkShift) - 1)];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(long pfn, int pid, long vpn)
    {
        ulong x = ((ulong)pfn * 0x9E3779B97F4A7C15) ^ ((ulong)(uint)pid * 0xC2B2AE3D27D4EB4F) ^ ((ulong)vpn * 0x165667B19E3779F9);
        x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCD;
        return x ^ (x >> 29);
    }
}
