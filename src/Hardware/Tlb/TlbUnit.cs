using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sim.Engine.Events;

namespace Sim.Hardware.Tlb;

/// <summary>
/// Looks up and fills one CPU's TLBs. Contents are <see cref="TlbState"/>'s; the order of use, by which the least recently used
/// entry of a set is replaced, is kept here and is execution state.
/// </summary>
internal sealed class TlbUnit
{
    private const int WayBits = 4;

    private readonly int _cpu;
    private readonly TlbState _state;
    private readonly TlbGeometry _geometry;
    private readonly Journal _journal;
    private readonly ulong[] _tags, _data;
    private readonly long[] _used;
    private bool _anyLarge;
    private long _clock;

    public TlbUnit(int cpu, TlbState state, Journal journal)
    {
        _cpu = cpu;
        _state = state;
        _geometry = state.Geometry;
        _journal = journal;
        _tags = state.TagArray(cpu);
        _data = state.DataArray(cpu);
        _used = new long[_tags.Length];
        foreach (ulong data in _data)
        {
            _anyLarge |= (data & (ulong)TlbFlags.Large) != 0;
        }
    }

    /// <summary>A slot of the first level that holds the page, or -1. Does not count as a use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindL1(bool instruction, ulong vpn, int asid, bool large)
    {
        if (large && !_anyLarge)
        {
            return -1;
        }
        TlbSection section = _geometry.L1(instruction, large);
        return Find(in section, vpn, asid, large);
    }

    /// <summary>A slot of the second level that holds the page, or -1. Does not count as a use.</summary>
    public int FindL2(ulong vpn, int asid, bool large)
    {
        if (large && !_anyLarge)
        {
            return -1;
        }
        TlbSection section = _geometry.L2;
        return Find(in section, vpn, asid, large);
    }

    /// <summary>The translation in a slot: frame number shifted left by 12, and <see cref="TlbFlags"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong DataOf(int slot) => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_data), slot);

    /// <summary>Counts a use of a slot: it becomes the most recently used of its set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(int slot) => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_used), slot) = ++_clock;

    /// <summary>Puts a translation into the second level and one side of the first.</summary>
    /// <returns>Its slot in the first level.</returns>
    public int Fill(ulong vpn, int asid, long pfn, TlbFlags flags, long cause)
    {
        bool large = (flags & TlbFlags.Large) != 0;
        TlbSection l1 = _geometry.L1((flags & TlbFlags.Instruction) != 0, large);
        TlbSection l2 = _geometry.L2;
        int slot1 = SlotToFill(in l1, vpn, asid, large), slot2 = SlotToFill(in l2, vpn, asid, large);
        int ways = slot1 - _geometry.SetSlot(in l1, vpn, large) | slot2 - _geometry.SetSlot(in l2, vpn, large) << 3;
        ulong first = large ? vpn >> _geometry.LargePageShift << _geometry.LargePageShift : vpn;
        var e = new TlbFill((byte)_cpu, (short)asid, (long)first, pfn, (byte)flags, (byte)ways);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        _anyLarge |= large;
        Touch(slot2);
        Touch(slot1);
        return slot1;
    }

    /// <summary>Copies a translation of the second level into the first; counts as a use of both.</summary>
    /// <returns>Its slot in the first level.</returns>
    public int Promote(int from, bool instruction, ulong vpn, int asid, bool large, long cause)
    {
        TlbSection l1 = _geometry.L1(instruction, large);
        int slot = SlotToFill(in l1, vpn, asid, large);
        ulong first = large ? vpn >> _geometry.LargePageShift << _geometry.LargePageShift : vpn;
        TlbFlags flags = (instruction ? TlbFlags.Instruction : TlbFlags.None) | (large ? TlbFlags.Large : TlbFlags.None);
        var e = new TlbPromote((byte)_cpu, (short)asid, (long)first, (byte)flags, (byte)(slot - _geometry.SetSlot(in l1, vpn, large)));
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
        Touch(from);
        Touch(slot);
        return slot;
    }

    /// <summary>Drops many entries.</summary>
    public void Flush(TlbFlushScope scope, int asid, long cause)
    {
        var e = new TlbFlush((byte)_cpu, scope, (short)asid);
        EventHeader header = _journal.Emit(in e, cause);
        _state.Apply(in e, in header);
    }

    /// <summary>Drops the entries that translate a range of pages; no event when there are none.</summary>
    public void Invalidate(int asid, ulong vpn, long pages, long cause)
    {
        if (_state.Holds(_cpu, asid, (long)vpn, pages, _anyLarge))
        {
            var e = new TlbInvalidate((byte)_cpu, (short)asid, (long)vpn, pages);
            EventHeader header = _journal.Emit(in e, cause);
            _state.Apply(in e, in header);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(in TlbSection section, ulong vpn, int asid, bool large)
    {
        ulong tag = _geometry.Tag(vpn, asid, large);
        int slot = _geometry.SetSlot(in section, vpn, large);
        int end = slot + section.Ways;
        ref ulong tags = ref MemoryMarshal.GetArrayDataReference(_tags);
        if ((section.Ways & 3) == 0)
        {
            // Four tags at a time: which way hits is not predictable, that one does is.
            Vector256<ulong> wanted = Vector256.Create(tag);
            for (; slot < end; slot += 4)
            {
                uint equal = Vector256.Equals(Vector256.LoadUnsafe(ref tags, (nuint)slot), wanted).ExtractMostSignificantBits();
                if (equal != 0)
                {
                    return slot + BitOperations.TrailingZeroCount(equal);
                }
            }
            return -1;
        }
        for (; slot < end; slot++)
        {
            if (Unsafe.Add(ref tags, slot) == tag)
            {
                return slot;
            }
        }
        return -1;
    }

    /// <summary>The page's slot if it has one, else the first empty one of its set, else the least recently used.</summary>
    private int SlotToFill(in TlbSection section, ulong vpn, int asid, bool large)
    {
        int found = Find(in section, vpn, asid, large);
        if (found >= 0)
        {
            return found;
        }
        int first = _geometry.SetSlot(in section, vpn, large);
        ref ulong tags = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_tags), first);
        ref long used = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_used), first);
        long least = long.MaxValue;
        // Use and way in one number: the least of them needs no branch. Counts of use are above 0, an empty slot counts as 0.
        if ((section.Ways & 3) == 0)
        {
            Vector256<long> ways = Vector256.Create(0L, 1, 2, 3), fewest = Vector256.Create(long.MaxValue);
            for (int way = 0; way < section.Ways; way += 4, ways += Vector256.Create(4L))
            {
                Vector256<long> full = ~Vector256.Equals(Vector256.LoadUnsafe(ref tags, (nuint)way), Vector256.Create(TlbGeometry.Empty)).AsInt64();
                fewest = Vector256.Min(fewest, ((Vector256.LoadUnsafe(ref used, (nuint)way) << WayBits) & full) | ways);
            }
            Vector128<long> two = Vector128.Min(fewest.GetLower(), fewest.GetUpper());
            return first + (int)(Math.Min(two[0], two[1]) & ((1 << WayBits) - 1));
        }
        for (int way = 0; way < section.Ways; way++)
        {
            long order = Unsafe.Add(ref tags, way) == TlbGeometry.Empty ? way : Unsafe.Add(ref used, way) << WayBits | (uint)way;
            least = Math.Min(least, order);
        }
        return first + (int)(least & ((1 << WayBits) - 1));
    }
}
