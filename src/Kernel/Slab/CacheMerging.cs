namespace Sim.Kernel.Slab;

/// <summary>Which existing cache can stand in for a new one (mm/slab_common.c of 6.1, <c>find_mergeable</c>).</summary>
internal static class CacheMerging
{
    private const SlabFlags Closed = SlabFlags.NeverMerge | SlabFlags.UserCopy | SlabFlags.Constructor;

    /// <summary>The oldest cache that can, or null.</summary>
    /// <param name="state">The caches.</param>
    /// <param name="unmergeable">Caches the kernel keeps to itself.</param>
    /// <param name="objectBytes">Size asked for.</param>
    /// <param name="align">Alignment asked for.</param>
    /// <param name="flags">Properties asked for.</param>
    public static SlabCache? Find(SlabState state, ISet<int> unmergeable, int objectBytes, int align, SlabFlags flags)
    {
        if ((flags & Closed) != 0)
        {
            return null;
        }
        int word = state.Machine.WordBytes;
        int size = SlabGeometry.RoundUp(objectBytes, word);
        int alignment = SlabGeometry.AlignmentOf(size, align, flags, state.Machine);
        size = SlabGeometry.RoundUp(size, alignment);
        foreach (SlabCache cache in state.Caches)
        {
            bool closed = (cache.Flags & Closed) != 0 || unmergeable.Contains(cache.Number);
            bool alike = ((cache.Flags ^ flags) & SlabFlags.MergeSame) == 0;
            bool fits = size <= cache.SizeBytes && cache.SizeBytes - size < word && cache.SizeBytes % alignment == 0;
            bool aligned = state.Kind == SlabAllocatorKind.Slub || (alignment <= cache.Align && cache.Align % alignment == 0);
            if (!closed && alike && fits && aligned)
            {
                return cache;
            }
        }
        return null;
    }
}
