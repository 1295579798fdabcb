using Sim.Engine.Random;

namespace Sim.Kernel.Slab;

/// <summary>The order in which new slabs of a cache hand their objects out (mm/slab_common.c, <c>cache_random_seq_create</c>).</summary>
internal static class FreelistOrder
{
    /// <summary>A permutation of the objects of a slab; the same seed gives the same one.</summary>
    public static int[] Of(int objects, long seed)
    {
        int[] order = new int[objects];
        for (int i = 0; i < objects; i++)
        {
            order[i] = i;
        }
        var random = new RandomStream(unchecked((ulong)seed), "freelist");
        for (int i = objects - 1; i > 0; i--)
        {
            int other = (int)random.NextBelow((ulong)i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }
}
