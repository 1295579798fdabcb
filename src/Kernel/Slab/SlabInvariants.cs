using Sim.Kernel.Zones;

namespace Sim.Kernel.Slab;

/// <summary>
/// What always holds of the slab allocator's state: every slab is on the list that its free objects say, its bufctl
/// accounts for each object once, its frames know it, and the caches count right.
/// </summary>
public static class SlabInvariants
{
    /// <summary>The first violation found, in words; null when there is none.</summary>
    public static string? Violation(SlabState state, FrameTable frames)
    {
        foreach (SlabCache cache in state.Caches)
        {
            long objects = 0, bytes = 0;
            int slabs = 0, active = 0;
            foreach (int list in (ReadOnlySpan<int>)[cache.Full, cache.Partial, cache.Empty])
            {
                int previous = list;
                for (int number = state.Slab(list).Next; number != list; number = state.Slab(number).Next)
                {
                    SlabRecord slab = state.Slab(number);
                    int expected = slab.InUse == 0 ? cache.Empty : slab.InUse == cache.ObjectsPerSlab ? cache.Full : cache.Partial;
                    if (slab.Prev != previous || slab.Cache != cache.Number || list != expected)
                    {
                        return $"the slab at pfn 0x{slab.Pfn:x} of cache {cache.Number} is on a list where it does not belong";
                    }
                    if (Slab(state, frames, cache, number, ref bytes) is { } violation)
                    {
                        return violation;
                    }
                    previous = number;
                    objects += slab.InUse;
                    active += slab.InUse > 0 ? 1 : 0;
                    if (++slabs > cache.Slabs)
                    {
                        break;
                    }
                }
            }
            if ((objects, bytes, slabs, active) != (cache.ActiveObjects, cache.RequestedBytes, cache.Slabs, cache.ActiveSlabs))
            {
                return $"cache {cache.Number} counts {cache.ActiveObjects} objects, {cache.RequestedBytes} bytes and {cache.Slabs} slabs; "
                    + $"its lists hold {objects}, {bytes} and {slabs}";
            }
        }
        return null;
    }

    private static string? Slab(SlabState state, FrameTable frames, SlabCache cache, int number, ref long bytes)
    {
        SlabRecord slab = state.Slab(number);
        int free = 0, taken = 0;
        for (int index = slab.Free; index != SlabState.End && free <= cache.ObjectsPerSlab; index = state.NextFree(in slab, index))
        {
            free++;
        }
        for (int index = 0; index < cache.ObjectsPerSlab; index++)
        {
            if (state.IsTaken(in slab, index))
            {
                taken++;
                bytes += state.RequestedBytes(in slab, index);
            }
        }
        if (taken != slab.InUse || free + taken != cache.ObjectsPerSlab)
        {
            return $"the slab at pfn 0x{slab.Pfn:x} of cache {cache.Number} counts {slab.InUse} objects and has {taken} handed out, {free} free";
        }
        for (long pfn = slab.Pfn; pfn < slab.Pfn + (1L << cache.GfpOrder); pfn++)
        {
            if (frames[pfn].Use != FrameUse.Slab || frames[pfn].Index != number)
            {
                return $"pfn 0x{pfn:x} does not know its slab of cache {cache.Number}";
            }
        }
        return null;
    }
}
