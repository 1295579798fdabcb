using Sim.Hardware.Cpu;
using Sim.Kernel.Shrinkers;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <summary>
/// Splits the blocks of which a part is not mapped any more when memory is short, so that the part is free
/// (<c>deferred_split_shrinker</c>, mm/huge_memory.c, Linux 6.1). Its objects are blocks.
/// </summary>
internal sealed class DeferredSplit(AddressSpaces spaces, HugePageSplitter splitter, FrameTable frames) : IShrinkable
{
    /// <summary>Its name in the kernel.</summary>
    public const string Name = "thp-deferred_split";

    /// <summary>Cost of making a huge page again (<c>DEFAULT_SEEKS</c>).</summary>
    public const int Seeks = 2;

    private readonly List<long> _taken = [];

    public long Count() => spaces.Blocks.Queued;

    public long Scan(long objects, GfpFlags gfp, CpuClock cpu, long cause)
    {
        _taken.Clear();
        for (long head = spaces.Blocks.First; head >= 0 && _taken.Count < objects; head = spaces.Blocks.Next(head))
        {
            _taken.Add(head);
        }
        long split = 0;
        foreach (long head in _taken)
        {
            // Nor one that reclaim has off its list at the moment, which it has locked.
            if (frames[head].Has(PageFlags.Lru) && !frames[head].Has(PageFlags.Writeback))
            {
                splitter.SplitBlock(head, SplitReason.Deferred, isolated: false, cpu, cause);
                split++;
            }
        }
        return split == 0 && spaces.Blocks.Queued == 0 ? -1 : split;
    }
}
