using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Sim.Engine.Events;
using Sim.Engine.Snapshots;

namespace Sim.Kernel.Zones;

/// <summary>
/// All page frames of the machine by pfn (the kernel's <c>mem_map</c>), and the doubly linked lists they are on.
/// A list is circular through a head of its own, an extra element behind the last frame, so that linking and
/// unlinking never ask for the list's end. Part of the sourced state.
/// </summary>
/// <remarks>
/// The frames lie in one pinned block aligned to a cache line: two buddies of order 0 share a line. Not thread-safe.
/// </remarks>
public sealed unsafe class FrameTable : ISnapshotState
{
    /// <summary>Most frames a table holds: 4 TiB of memory.</summary>
    public const long MaxFrames = 1L << 30;

    /// <summary>Frames that <see cref="TakeTouched"/> tells apart only together: 2^6.</summary>
    public const int TouchedShift = 6;

    private const int LineBytes = 64;

    [NotInSnapshot]
    private readonly Frame[] _memory;
    [NotInSnapshot]
    private readonly Frame* _frames;
    [NotInSnapshot]
    private readonly byte[] _touched;

    /// <param name="frames">Frames that exist; pfns run from 0 to this number − 1.</param>
    /// <param name="lists">Number of lists.</param>
    public FrameTable(long frames, int lists)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frames);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frames, MaxFrames);
        Count = (int)frames;
        // Rounded up to whole blocks of the greatest order, so that a buddy's number is always inside the table.
        FirstList = (int)((frames + MaxBlock - 1) & -MaxBlock);
        Lists = lists;
        _memory = GC.AllocateArray<Frame>(FirstList + lists + (LineBytes / sizeof(Frame)), pinned: true);
        _touched = new byte[((FirstList + lists) >> TouchedShift) + 1];
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        _frames = (Frame*)((address + LineBytes - 1) & ~(nuint)(LineBytes - 1));
        HugePageAdvice.Give(_frames, (nuint)(FirstList + lists) * (nuint)sizeof(Frame));
        for (int list = 0; list < lists; list++)
        {
            ref Frame head = ref _frames[FirstList + list];
            head.Next = head.Prev = FirstList + list;
        }
    }

    private static long MaxBlock => 1L << PageOrder.Max;

    /// <summary>Number of frames; the greatest pfn is one less.</summary>
    public int Count { get; }

    /// <summary>Number of the first list head; list <c>i</c> has the head <c>FirstList + i</c>. Every pfn is below.</summary>
    public int FirstList { get; }

    /// <summary>Number of lists.</summary>
    public int Lists { get; }

    /// <summary>The frame with a pfn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The machine has no such frame number.</exception>
    public ref Frame this[long pfn]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((ulong)pfn >= (ulong)Count)
            {
                ThrowNoFrame(pfn);
            }
            return ref At(pfn);
        }
    }

    /// <summary>The frame or list head with a number that the caller knows to be in the table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref Frame At(long number)
    {
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_touched), (nint)(number >> TouchedShift)) = 1;
        return ref _frames[number];
    }

    /// <summary>
    /// One bit for each 2^<see cref="TouchedShift"/> frames: set when one of them was looked at or changed since the last call.
    /// What is not set did not change, so whoever asks for a frame's past can pass the stretch over.
    /// </summary>
    public byte[] TakeTouched()
    {
        byte[] bits = new byte[(_touched.Length + 7) / 8];
        for (int i = 0; i < _touched.Length; i++)
        {
            bits[i >> 3] |= (byte)(_touched[i] << (i & 7));
        }
        Array.Clear(_touched);
        return bits;
    }

    /// <summary>Starts to load a frame into the processor's cache. Any number is allowed; changes nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long pfn)
    {
        if (Sse.IsSupported && (ulong)pfn < (ulong)Count)
        {
            Sse.Prefetch0(_frames + pfn);
        }
    }

    /// <summary>The first frame of a list, by the number of its head; -1 when it is empty.</summary>
    public int First(int list) => _frames[list].Next is int first && first != list ? first : -1;

    /// <summary>The frame after one on its list; -1 at the end.</summary>
    public int Next(long pfn) => _frames[pfn].Next is int next && !IsListHead(next) ? next : -1;

    /// <summary>True when the number belongs to a list head and not to a frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsListHead(int number) => number >= FirstList;

    /// <summary>Puts a frame first on a list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void LinkFirst(int list, int pfn) => Link(list, _frames[list].Next, pfn);

    /// <summary>Puts a frame last on a list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void LinkLast(int list, int pfn) => Link(_frames[list].Prev, list, pfn);

    /// <summary>Takes a frame off the list it is on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Unlink(int pfn)
    {
        Frame* frame = _frames + pfn;
        int next = frame->Next, prev = frame->Prev;
        _frames[prev].Next = next;
        _frames[next].Prev = prev;
    }

    /// <summary>Appends the frames and list heads to a state hash.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        const int chunk = 1 << 24;
        int total = FirstList + Lists;
        for (int start = 0; start < total; start += chunk)
        {
            hash.AddSpan(new ReadOnlySpan<Frame>(_frames + start, Math.Min(chunk, total - start)));
        }
        GC.KeepAlive(_memory);
    }

    /// <inheritdoc/>
    void ISnapshotState.Visit(StateVisitor visitor)
    {
        const int piece = 1 << 20;
        int total = FirstList + Lists;
        for (int start = 0; start < total; start += piece)
        {
            visitor.Span(new Span<Frame>(_frames + start, Math.Min(piece, total - start)));
        }
        GC.KeepAlive(_memory);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Link(int prev, int next, int pfn)
    {
        Frame* frame = _frames + pfn;
        frame->Prev = prev;
        frame->Next = next;
        _frames[prev].Next = pfn;
        _frames[next].Prev = pfn;
    }

    private void ThrowNoFrame(long pfn) =>
        throw new ArgumentOutOfRangeException(nameof(pfn), $"pfn 0x{pfn:x} does not exist: the last frame is 0x{Count - 1:x}.");
}
