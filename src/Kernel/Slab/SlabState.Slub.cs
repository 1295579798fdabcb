using Sim.Engine.Events;

namespace Sim.Kernel.Slab;

/// <content>
/// SLUB (mm/slub.c). A slab is with a CPU that allocates from it, on a CPU's partial list, on the node's partial list, or,
/// full, on no list:
/// <code>
/// new ──► CPU's slab ──full──► no list ──an object comes back──► CPU's partial list ──too many──► node's partial list
///              ▲                                                        │                                │
///              └────────────────────── free objects ran out ────────────┴────────────────────────────────┤
///                                                                                     empty, node has enough ──► gone
/// </code>
/// </content>
public sealed partial class SlabState : IApply<SlabCpuSlab>, IApply<SlabUnfreeze>, IApply<SlabShrink>
{
    /// <summary>Shrinking sorts slabs with up to this many free objects (<c>SHRINK_PROMOTE_MAX</c>).</summary>
    private const int ShrinkPromoteMax = 32;

    private int _discard = End;

    /// <summary>The first slab that waits to be taken apart; <see cref="End"/> for none.</summary>
    internal int Discard => _discard;

    /// <summary>The CPU gives its slab up, which has no free object, and takes all free objects of another.</summary>
    public void Apply(in SlabCpuSlab e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        ref SlubCpu cpu = ref cache.Cpu(e.Cpu);
        if (e.Source != CpuSlabSource.Own && cpu.Slab != End)
        {
            ref SlabRecord old = ref _slabs[cpu.Slab];
            old.Place = SlabPlace.Full;
            old.Cpu = End;
            cpu.Slab = End;
        }
        if (e.Source == CpuSlabSource.None)
        {
            return;
        }
        int number = _frames[e.Pfn].Index;
        ref SlabRecord slab = ref _slabs[number];
        if (e.Source == CpuSlabSource.CpuPartial)
        {
            cpu.Partial = slab.Next;
            slab.PartialSlabs = 0;
        }
        else if (e.Source == CpuSlabSource.NodePartial)
        {
            LeaveNodePartial(cache, number);
        }
        slab.Next = slab.Prev = End;
        slab.Place = SlabPlace.CpuSlab;
        slab.Cpu = e.Cpu;
        cpu.Slab = number;
        cpu.Freelist = slab.Free;
        slab.Free = End;
        slab.InUse = slab.Objects;
        for (int i = 0; i < e.Further; i++)
        {
            int further = _slabs[cache.Partial].Next;
            LeaveNodePartial(cache, further);
            PushCpuPartial(ref cpu, e.Cpu, further);
        }
    }

    /// <summary>Moves all but the newest slabs of the CPU's partial list to the node's, newest first.</summary>
    public void Apply(in SlabUnfreeze e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        ref SlubCpu cpu = ref cache.Cpu(e.Cpu);
        int number = cpu.Partial;
        if (e.Kept == 0)
        {
            cpu.Partial = End;
        }
        for (int kept = 0, total = e.Kept; kept < total; kept++)
        {
            ref SlabRecord slab = ref _slabs[number];
            slab.PartialSlabs = total - kept;
            number = slab.Next;
            if (kept == total - 1)
            {
                slab.Next = End;
            }
        }
        while (number != End)
        {
            int next = _slabs[number].Next;
            JoinNode(cache, number, first: false);
            number = next;
        }
    }

    /// <summary>Takes the slabs from all CPUs, puts empty ones aside and the fullest of the others first.</summary>
    public void Apply(in SlabShrink e, in EventHeader header)
    {
        SlabCache cache = _caches[e.Cache];
        for (int i = 0; i < cache.Cpus; i++)
        {
            Flush(cache, ref cache.Cpu(i));
        }
        for (int free = ShrinkPromoteMax; free > 0; free--)
        {
            for (int number = _slabs[cache.Partial].Next, next; number != cache.Partial; number = next)
            {
                next = _slabs[number].Next;
                if (_slabs[number].InUse == 0)
                {
                    LeaveNodePartial(cache, number);
                    PutAside(number);
                }
                else if (_slabs[number].Objects - _slabs[number].InUse == free)
                {
                    MoveFirst(cache.Partial, number);
                }
            }
        }
    }

    /// <summary>The slabs that the node's partial list will give a CPU besides the one it takes first.</summary>
    internal int FurtherPartial(SlabCache cache) =>
        cache.CpuPartialSlabs == 0 ? 0 : Math.Min(cache.NodePartial - 1, (cache.CpuPartialSlabs / 2) + 1);

    /// <summary>
    /// An object's way back: onto the CPU's own list when the slab is the CPU's, otherwise onto the slab's; a full slab of
    /// no list joins the CPU's partial ones, or the node's where CPUs have none (<c>__slab_free</c>).
    /// </summary>
    private void GiveBack(SlabCache cache, int number, int index, int cpuNumber)
    {
        ref SlubCpu cpu = ref cache.Cpu(cpuNumber);
        ref SlabRecord slab = ref _slabs[number];
        if (cpu.Slab == number)
        {
            _bufctl[slab.Bufctl + index] = cpu.Freelist;
            cpu.Freelist = index;
            return;
        }
        _bufctl[slab.Bufctl + index] = slab.Free;
        slab.Free = index;
        slab.InUse--;
        if (slab.Place == SlabPlace.NodePartial)
        {
            cache.NodePartialFree++;
        }
        else if (slab.Place == SlabPlace.Full && cache.CpuPartialSlabs > 0)
        {
            PushCpuPartial(ref cpu, cpuNumber, number);
        }
        else if (slab.Place == SlabPlace.Full)
        {
            JoinNode(cache, number, first: false);
        }
    }

    private void PushCpuPartial(ref SlubCpu cpu, int cpuNumber, int number)
    {
        ref SlabRecord slab = ref _slabs[number];
        slab.Place = SlabPlace.CpuPartial;
        slab.Cpu = (short)cpuNumber;
        slab.Next = cpu.Partial;
        slab.PartialSlabs = 1 + (cpu.Partial == End ? 0 : _slabs[cpu.Partial].PartialSlabs);
        cpu.Partial = number;
    }

    /// <summary>Takes everything from a CPU (<c>deactivate_slab</c>, <c>unfreeze_partials</c>).</summary>
    private void Flush(SlabCache cache, ref SlubCpu cpu)
    {
        if (cpu.Slab != End)
        {
            int number = cpu.Slab;
            ref SlabRecord slab = ref _slabs[number];
            bool othersFreed = slab.Free != End;
            int last = End;
            for (int index = cpu.Freelist; index != End; index = _bufctl[slab.Bufctl + index])
            {
                last = index;
                slab.InUse--;
            }
            if (last != End)
            {
                _bufctl[slab.Bufctl + last] = slab.Free;
                slab.Free = cpu.Freelist;
            }
            cpu.Slab = cpu.Freelist = End;
            if (slab.Free != End)
            {
                JoinNode(cache, number, first: !othersFreed);
            }
            else
            {
                slab.Place = SlabPlace.Full;
                slab.Cpu = End;
            }
        }
        for (int number = cpu.Partial, next; number != End; number = next)
        {
            next = _slabs[number].Next;
            JoinNode(cache, number, first: false);
        }
        cpu.Partial = End;
    }

    /// <summary>Onto the node's partial list, or aside when it is empty and the node has enough.</summary>
    private void JoinNode(SlabCache cache, int number, bool first)
    {
        ref SlabRecord slab = ref _slabs[number];
        slab.Cpu = End;
        slab.PartialSlabs = 0;
        if (slab.InUse == 0 && cache.NodePartial >= cache.MinPartial)
        {
            PutAside(number);
            return;
        }
        slab.Place = SlabPlace.NodePartial;
        int head = cache.Partial;
        Link(first ? head : _slabs[head].Prev, first ? _slabs[head].Next : head, number);
        cache.NodePartial++;
        cache.NodePartialFree += slab.Objects - slab.InUse;
    }

    private void LeaveNodePartial(SlabCache cache, int number)
    {
        Unlink(number);
        cache.NodePartial--;
        cache.NodePartialFree -= _slabs[number].Objects - _slabs[number].InUse;
    }

    private void PutAside(int number)
    {
        ref SlabRecord slab = ref _slabs[number];
        slab.Place = SlabPlace.Discard;
        slab.Prev = End;
        slab.Next = _discard;
        _discard = number;
    }
}
