using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// What always holds of the slab allocator's state: every slab is where its free objects say, every object is in exactly
/// one place (handed out, free in its slab, at a CPU's hand, in an array), frames know their slab, and the caches count right.
/// </summary>
public static class SlabInvariants
{
    /// <summary>The first violation found, in words; null when there is none.</summary>
    public static string? Violation(SlabState state, FrameTable frames)
    {
        if (state.Discard != SlabState.End)
        {
            return $"the slab at pfn 0x{state.Slab(state.Discard).Pfn:x} waits to be taken apart after the operation ended";
        }
        var counts = new Counts[state.Caches.Count];
        for (int number = 0; number < state.RecordCount; number++)
        {
            SlabRecord slab = state.Slab(number);
            // Spare records and list heads have no frames.
            if (slab.Cache >= 0 && slab.Objects > 0 && Slab(state, frames, number, ref counts[slab.Cache]) is { } violation)
            {
                return violation;
            }
        }
        foreach (SlabCache cache in state.Caches)
        {
            Counts found = counts[cache.Number];
            var counted = new Counts(cache.Slabs, cache.Pages, cache.Objects, cache.ActiveSlabs, cache.ActiveObjects, cache.RequestedBytes, found.Free, found.InArrays);
            if (found != counted)
            {
                return $"cache {cache.Number} counts {counted}; its slabs have {found}";
            }
            string? violation = cache.Kind == SlabAllocatorKind.Slub ? SlubLists(state, cache) : ArrayLists(state, cache, found);
            if (violation is not null)
            {
                return violation;
            }
        }
        return null;
    }

    private static string? Slab(SlabState state, FrameTable frames, int number, ref Counts counts)
    {
        SlabRecord slab = state.Slab(number);
        SlabCache cache = state.Cache(slab.Cache);
        int free = Chain(state, in slab, slab.Free);
        int atHand = slab.Place == SlabPlace.CpuSlab ? Chain(state, in slab, cache.Cpu(slab.Cpu).Freelist) : 0;
        int taken = 0, inArrays = 0;
        for (int index = 0; index < slab.Objects; index++)
        {
            if (state.IsTaken(in slab, index))
            {
                taken++;
                counts.RequestedBytes += state.RequestedBytes(in slab, index);
            }
            inArrays += state.IsInArray(in slab, index) ? 1 : 0;
        }
        if (taken != slab.Taken || taken + inArrays + atHand != slab.InUse || slab.InUse + free != slab.Objects)
        {
            return $"the slab at pfn 0x{slab.Pfn:x} of cache {cache.Number} counts {slab.InUse} objects in use and {slab.Taken} handed out; "
                + $"it has {taken} handed out, {atHand} at a CPU's hand, {inArrays} in arrays, {free} free of {slab.Objects}";
        }
        for (long pfn = slab.Pfn; pfn < slab.Pfn + (1L << slab.Order); pfn++)
        {
            if (frames[pfn].Use != FrameUse.Slab || frames[pfn].Index != number)
            {
                return $"pfn 0x{pfn:x} does not know its slab of cache {cache.Number}";
            }
        }
        counts.Slabs++;
        counts.Pages += 1L << slab.Order;
        counts.Objects += slab.Objects;
        counts.ActiveSlabs += taken > 0 ? 1 : 0;
        counts.ActiveObjects += taken;
        counts.Free += free;
        counts.InArrays += inArrays;
        return Place(state, cache, number);
    }

    /// <summary>Where the slab says it is, it is; lists are walked once per cache, from their heads.</summary>
    private static string? Place(SlabState state, SlabCache cache, int number)
    {
        SlabRecord slab = state.Slab(number);
        bool right = slab.Place switch
        {
            SlabPlace.Lists => cache.Kind == SlabAllocatorKind.Slab,
            SlabPlace.CpuSlab => cache.Cpu(slab.Cpu).Slab == number,
            SlabPlace.CpuPartial => slab.Free != SlabState.End && slab.PartialSlabs > 0,
            SlabPlace.NodePartial => slab.Free != SlabState.End && slab.Cpu == SlabState.End,
            SlabPlace.Full => slab.Free == SlabState.End && slab.Cpu == SlabState.End,
            _ => false,
        };
        return right ? null : $"the slab at pfn 0x{slab.Pfn:x} of cache {cache.Number} is {slab.Place}, which it cannot be";
    }

    /// <summary>Length of a chain of free objects; more than the slab has when it goes round in circles or leaves the slab.</summary>
    private static int Chain(SlabState state, in SlabRecord slab, int first)
    {
        int length = 0;
        for (int index = first; index != SlabState.End && length <= slab.Objects; index = state.NextFree(in slab, index))
        {
            if ((uint)index >= (uint)slab.Objects)
            {
                return int.MaxValue;
            }
            length++;
        }
        return length;
    }

    private static string? SlubLists(SlabState state, SlabCache cache)
    {
        int onNode = 0, onCpus = 0;
        long free = 0;
        int previous = cache.Partial;
        for (int number = state.Slab(cache.Partial).Next; number != cache.Partial; number = state.Slab(number).Next)
        {
            SlabRecord slab = state.Slab(number);
            if (slab.Cache != cache.Number || slab.Place != SlabPlace.NodePartial || slab.Prev != previous || ++onNode > cache.NodePartial)
            {
                return $"the node's partial list of cache {cache.Number} is broken at pfn 0x{slab.Pfn:x}";
            }
            previous = number;
            free += slab.Objects - slab.InUse;
        }
        if (onNode != cache.NodePartial || free != cache.NodePartialFree)
        {
            return $"cache {cache.Number} counts {cache.NodePartial} partial slabs with {cache.NodePartialFree} free objects; the list has {onNode} with {free}";
        }
        for (int cpu = 0; cpu < cache.Cpus; cpu++)
        {
            int left = cache.Cpu(cpu).Partial == SlabState.End ? 0 : state.Slab(cache.Cpu(cpu).Partial).PartialSlabs;
            if (left > Math.Max(cache.CpuPartialSlabs, (cache.CpuPartialSlabs / 2) + 1))
            {
                return $"CPU {cpu} keeps {left} partial slabs of cache {cache.Number}, more than {cache.CpuPartialSlabs}";
            }
            for (int number = cache.Cpu(cpu).Partial; number != SlabState.End; number = state.Slab(number).Next, left--)
            {
                SlabRecord slab = state.Slab(number);
                if (slab.Cache != cache.Number || slab.Place != SlabPlace.CpuPartial || slab.Cpu != cpu || slab.PartialSlabs != left)
                {
                    return $"CPU {cpu}'s partial list of cache {cache.Number} is broken at pfn 0x{slab.Pfn:x}";
                }
                onCpus++;
            }
        }
        return Total(state, cache, SlabPlace.NodePartial) == onNode && Total(state, cache, SlabPlace.CpuPartial) == onCpus
            ? null : $"slabs of cache {cache.Number} are partial and on no list";
    }

    private static string? ArrayLists(SlabState state, SlabCache cache, Counts counts)
    {
        int slabs = 0, freeSlabs = 0;
        foreach (int list in (ReadOnlySpan<int>)[cache.Full, cache.Partial, cache.Empty])
        {
            int previous = list;
            for (int number = state.Slab(list).Next; number != list; number = state.Slab(number).Next)
            {
                SlabRecord slab = state.Slab(number);
                int expected = slab.InUse == 0 ? cache.Empty : slab.InUse == slab.Objects ? cache.Full : cache.Partial;
                if (slab.Prev != previous || slab.Cache != cache.Number || list != expected || ++slabs > cache.Slabs)
                {
                    return $"the slab at pfn 0x{slab.Pfn:x} of cache {cache.Number} is on a list where it does not belong";
                }
                previous = number;
                freeSlabs += slab.InUse == 0 ? 1 : 0;
            }
        }
        var entries = new HashSet<long>();
        for (int cpu = -1; cpu < cache.Cpus; cpu++)
        {
            ReadOnlySpan<long> array = cpu < 0 ? cache.Shared is { } shared ? shared.Entries : [] : cache.Array(cpu).Entries;
            foreach (long address in array)
            {
                SlabRecord slab = state.Slab(state.SlabOf(address));
                if (slab.Cache != cache.Number || !state.IsInArray(in slab, SlabState.IndexOf(in slab, cache, address)) || !entries.Add(address))
                {
                    return $"the object at 0x{address:x} is in an array of cache {cache.Number} where it does not belong";
                }
            }
        }
        return (slabs, freeSlabs, counts.Free, counts.InArrays) == (cache.Slabs, cache.FreeSlabs, cache.FreeObjects, entries.Count)
            ? null
            : $"cache {cache.Number} counts {cache.Slabs} slabs, {cache.FreeSlabs} of them free, and {cache.FreeObjects} free objects; "
                + $"it has {slabs}, {freeSlabs} and {counts.Free}, and {counts.InArrays} objects in arrays of {entries.Count}";
    }

    private static int Total(SlabState state, SlabCache cache, SlabPlace place)
    {
        int total = 0;
        for (int number = 0; number < state.RecordCount; number++)
        {
            SlabRecord slab = state.Slab(number);
            total += slab.Cache == cache.Number && slab.Objects > 0 && slab.Place == place ? 1 : 0;
        }
        return total;
    }

    private record struct Counts(
        int Slabs, long Pages, long Objects, int ActiveSlabs, long ActiveObjects, long RequestedBytes, long Free, int InArrays);
}
