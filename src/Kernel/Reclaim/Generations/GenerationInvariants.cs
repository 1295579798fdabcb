using Sim.Kernel.Zones;

namespace Sim.Kernel.Reclaim.Generations;

/// <summary>
/// What holds of generations between any two dispatches: lists hold pages of their kind and zone, each once, sizes are what frames say,
/// and no page belongs to a generation that is not there (<c>seq_is_valid</c>, mm/vmscan.c, Linux 6.1).
/// </summary>
public static class GenerationInvariants
{
    /// <summary>The first violation found, in words; null when there is none.</summary>
    /// <param name="lru">The generations.</param>
    /// <param name="frames">All frames.</param>
    /// <param name="seen">Marked for each page found.</param>
    public static string? Violation(GenerationState lru, FrameTable frames, bool[] seen)
    {
        if (lru.Count(file: true) < GenerationState.MinGenerations || lru.Count(file: true) > lru.Count(file: false)
            || lru.Count(file: false) > GenerationState.MaxGenerations)
        {
            return $"generations {lru.Oldest(file: false)} (anonymous) and {lru.Oldest(file: true)} (files) to {lru.Youngest} are no valid window";
        }
        var named = new long[2, GenerationState.MaxGenerations, ZoneTypes.Count];
        for (int slot = 0; slot < GenerationState.MaxGenerations; slot++)
        {
            for (int list = 0; list < 2 * ZoneTypes.Count; list++)
            {
                bool file = list >= ZoneTypes.Count;
                var zone = (ZoneType)(list % ZoneTypes.Count);
                int head = lru.Head(slot, file, zone), before = head;
                for (long pfn = frames.First(head); pfn >= 0; before = (int)pfn, pfn = frames.Next(pfn))
                {
                    ref readonly Frame frame = ref frames[pfn];
                    if (frame.State != FrameState.Allocated || frame.Generation == 0 || frame.Zone != zone || GenerationState.IsFile(in frame) != file
                        || !frame.Has(PageFlags.Lru) || frame.Has(PageFlags.Active | PageFlags.Unevictable | PageFlags.Batched)
                        || frame.Prev != before || seen[pfn])
                    {
                        return $"pfn 0x{pfn:x} on the list of slot {slot}, {(file ? "files" : "anonymous pages")}, zone {zone} is {frame.State}, "
                            + $"{frame.Use}, {frame.Flags}, of slot {frame.Generation - 1}, behind {frame.Prev}";
                    }
                    if (lru.SequenceOf(in frame) < lru.Oldest(file))
                    {
                        return $"pfn 0x{pfn:x} belongs to generation {lru.SequenceOf(in frame)}, and {lru.Oldest(file)} is the oldest";
                    }
                    seen[pfn] = true;
                    named[file ? 1 : 0, frame.Generation - 1, (int)zone]++;
                }
            }
        }
        for (long sequence = lru.Youngest - GenerationState.MaxGenerations + 1; sequence <= lru.Youngest; sequence++)
        {
            for (int list = 0; list < 2 * ZoneTypes.Count; list++)
            {
                bool file = list >= ZoneTypes.Count;
                var zone = (ZoneType)(list % ZoneTypes.Count);
                long found = named[file ? 1 : 0, sequence % GenerationState.MaxGenerations, (int)zone];
                if (found != lru.Size(sequence, file, zone))
                {
                    return $"{found} {(file ? "file" : "anonymous")} pages of zone {zone} belong to generation {sequence}, counted {lru.Size(sequence, file, zone)}";
                }
            }
        }
        return null;
    }
}
