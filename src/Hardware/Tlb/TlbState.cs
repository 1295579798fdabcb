using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sim.Engine.Events;
using Sim.Hardware.Paging;

namespace Sim.Hardware.Tlb;

/// <summary>
/// Contents of all CPUs' TLBs: a tag and a translation per slot. Sourced state; which entry a fill replaces is in the
/// event, because the replacement order is not.
/// </summary>
public sealed class TlbState : IApply<TlbFill>, IApply<TlbPromote>, IApply<TlbFlush>, IApply<TlbInvalidate>
{
    private const long ProbeLimitPages = 64;

    private readonly ulong[][] _tags;
    private readonly ulong[][] _data;

    /// <exception cref="ArgumentException">A TLB size is impossible.</exception>
    public TlbState(int cpus, TlbOptions options, PagingMode mode)
    {
        Geometry = new TlbGeometry(options, mode);
        _tags = new ulong[cpus][];
        _data = new ulong[cpus][];
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            _tags[cpu] = new ulong[Geometry.Slots];
            Array.Fill(_tags[cpu], TlbGeometry.Empty);
            _data[cpu] = new ulong[Geometry.Slots];
        }
    }

    /// <summary>Where entries lie.</summary>
    public TlbGeometry Geometry { get; }

    /// <summary>Number of CPUs.</summary>
    public int Cpus => _tags.Length;

    /// <summary>Tags by slot.</summary>
    public ReadOnlySpan<ulong> Tags(int cpu) => _tags[cpu];

    /// <summary>Frame number shifted left by 12, and <see cref="TlbFlags"/> in the low bits, by slot; 0 in an empty slot.</summary>
    public ReadOnlySpan<ulong> Data(int cpu) => _data[cpu];

    internal ulong[] TagArray(int cpu) => _tags[cpu];

    internal ulong[] DataArray(int cpu) => _data[cpu];

    public void Apply(in TlbFill e, in EventHeader header)
    {
        var flags = (TlbFlags)e.Flags;
        bool large = (flags & TlbFlags.Large) != 0;
        ulong tag = Geometry.Tag((ulong)e.Vpn, e.Asid, large);
        ulong data = (ulong)e.Pfn << 12 | (ulong)(flags & ~TlbFlags.Instruction);
        TlbSection l1 = Geometry.L1((flags & TlbFlags.Instruction) != 0, large);
        Set(e.Cpu, Geometry.SetSlot(in l1, (ulong)e.Vpn, large) + (e.Ways & 7), tag, data);
        TlbSection l2 = Geometry.L2;
        Set(e.Cpu, Geometry.SetSlot(in l2, (ulong)e.Vpn, large) + (e.Ways >> 3), tag, data);
    }

    public void Apply(in TlbPromote e, in EventHeader header)
    {
        var flags = (TlbFlags)e.Flags;
        bool large = (flags & TlbFlags.Large) != 0;
        ulong tag = Geometry.Tag((ulong)e.Vpn, e.Asid, large);
        TlbSection l1 = Geometry.L1((flags & TlbFlags.Instruction) != 0, large);
        TlbSection l2 = Geometry.L2;
        int from = Find(e.Cpu, in l2, (ulong)e.Vpn, tag, large);
        Set(e.Cpu, Geometry.SetSlot(in l1, (ulong)e.Vpn, large) + e.Way, tag, from < 0 ? 0 : _data[e.Cpu][from]);
    }

    public void Apply(in TlbFlush e, in EventHeader header)
    {
        ulong[] tags = _tags[e.Cpu], data = _data[e.Cpu];
        for (int slot = 0; slot < tags.Length; slot++)
        {
            bool drop = e.Scope switch
            {
                TlbFlushScope.All => true,
                TlbFlushScope.NonGlobal => (data[slot] & (ulong)TlbFlags.Global) == 0,
                _ => (data[slot] & (ulong)TlbFlags.Global) == 0 && tags[slot] >> 52 == (ulong)e.Asid,
            };
            if (drop)
            {
                Set(e.Cpu, slot, TlbGeometry.Empty, 0);
            }
        }
    }

    public void Apply(in TlbInvalidate e, in EventHeader header) => Invalidate(e.Cpu, e.Asid, e.Vpn, e.Pages, anyLarge: true, drop: true);

    /// <summary>True when an entry translates one of the pages for the identifier or for all.</summary>
    /// <param name="cpu">Number of the CPU.</param>
    /// <param name="asid">The identifier.</param>
    /// <param name="vpn">First page.</param>
    /// <param name="pages">Number of 4 KiB pages.</param>
    /// <param name="anyLarge">False when the CPU is known to have no entries of large pages.</param>
    public bool Holds(int cpu, int asid, long vpn, long pages, bool anyLarge = true) =>
        Invalidate(cpu, asid, vpn, pages, anyLarge, drop: false);

    /// <summary>Adds all slots.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        for (int cpu = 0; cpu < _tags.Length; cpu++)
        {
            hash.AddSpan<ulong>(_tags[cpu]);
            hash.AddSpan<ulong>(_data[cpu]);
        }
    }

    private bool Invalidate(int cpu, int asid, long vpn, long pages, bool anyLarge, bool drop) =>
        pages <= ProbeLimitPages ? Probe(cpu, asid, vpn, pages, anyLarge, drop) : Scan(cpu, asid, vpn, pages, drop);

    private bool Probe(int cpu, int asid, long vpn, long pages, bool anyLarge, bool drop)
    {
        bool any = false;
        for (long page = vpn; page < vpn + pages; page++)
        {
            any |= Drop(cpu, Geometry.L1Instruction, page, asid, large: false, drop);
            any |= Drop(cpu, Geometry.L1Data, page, asid, large: false, drop);
            any |= Drop(cpu, Geometry.L2, page, asid, large: false, drop);
            if (anyLarge)
            {
                any |= Drop(cpu, Geometry.L1InstructionLarge, page, asid, large: true, drop);
                any |= Drop(cpu, Geometry.L1DataLarge, page, asid, large: true, drop);
                any |= Drop(cpu, Geometry.L2, page, asid, large: true, drop);
            }
            if (any && !drop)
            {
                return true;
            }
        }
        return any;
    }

    private bool Drop(int cpu, in TlbSection section, long vpn, int asid, bool large, bool drop)
    {
        ulong own = Geometry.Tag((ulong)vpn, asid, large), shared = Geometry.Tag((ulong)vpn, TlbGeometry.GlobalAsid, large);
        ReadOnlySpan<ulong> set = _tags[cpu].AsSpan(Geometry.SetSlot(in section, (ulong)vpn, large), section.Ways);
        if (!Contains(set, own, shared))
        {
            return false;
        }
        for (int way = 0; drop && way < set.Length; way++)
        {
            if (set[way] == own || set[way] == shared)
            {
                Set(cpu, Geometry.SetSlot(in section, (ulong)vpn, large) + way, TlbGeometry.Empty, 0);
            }
        }
        return true;
    }

    /// <summary>Most pages dropped have no entry: seen without a branch for each way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Contains(ReadOnlySpan<ulong> set, ulong own, ulong shared)
    {
        if ((set.Length & 3) != 0)
        {
            return set.ContainsAny(own, shared);
        }
        Vector256<ulong> owns = Vector256.Create(own), shareds = Vector256.Create(shared), found = Vector256<ulong>.Zero;
        ref ulong tags = ref MemoryMarshal.GetReference(set);
        for (int way = 0; way < set.Length; way += 4)
        {
            Vector256<ulong> four = Vector256.LoadUnsafe(ref tags, (nuint)way);
            found |= Vector256.Equals(four, owns) | Vector256.Equals(four, shareds);
        }
        return found != Vector256<ulong>.Zero;
    }

    private bool Scan(int cpu, int asid, long vpn, long pages, bool drop)
    {
        bool any = false;
        for (int slot = 0; slot < _tags[cpu].Length; slot++)
        {
            if (_tags[cpu][slot] == TlbGeometry.Empty)
            {
                continue;
            }
            (long first, long count, int owner) = PagesOf(cpu, slot);
            if ((owner == asid || owner == TlbGeometry.GlobalAsid) && first < vpn + pages && first + count > vpn)
            {
                any = true;
                if (drop)
                {
                    Set(cpu, slot, TlbGeometry.Empty, 0);
                }
            }
        }
        return any;
    }

    private (long First, long Count, int Asid) PagesOf(int cpu, int slot)
    {
        ulong tag = _tags[cpu][slot];
        bool large = (_data[cpu][slot] & (ulong)TlbFlags.Large) != 0;
        // Undo the large page's mark, and the identifier by making the page number 52 bits again.
        ulong vpn = Geometry.Tag(tag & ((1UL << 52) - 1), 0, large) & ((1UL << 52) - 1);
        return ((long)vpn, large ? 1L << Geometry.LargePageShift : 1, (int)(tag >> 52));
    }

    private int Find(int cpu, in TlbSection section, ulong vpn, ulong tag, bool large)
    {
        int first = Geometry.SetSlot(in section, vpn, large);
        for (int slot = first; slot < first + section.Ways; slot++)
        {
            if (_tags[cpu][slot] == tag)
            {
                return slot;
            }
        }
        return -1;
    }

    private void Set(int cpu, int slot, ulong tag, ulong data)
    {
        _tags[cpu][slot] = tag;
        _data[cpu][slot] = data;
    }
}
