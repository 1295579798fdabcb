namespace Sim.Kernel.Shrinkers;

/// <summary>How many objects of a shrinker a walk looks at (<c>do_shrink_slab</c> of mm/vmscan.c, Linux 6.1).</summary>
internal static class ScanShare
{
    /// <summary>Objects of one call where a shrinker names no number (<c>SHRINK_BATCH</c>).</summary>
    public const int DefaultBatchObjects = 128;

    /// <summary>Seeks that making an object again costs unless its shrinker knows better (<c>DEFAULT_SEEKS</c>).</summary>
    public const int DefaultSeeks = 2;

    /// <summary>The share that a walk of this priority adds: as of the page lists, weighed by the cost of an object; of free ones, half.</summary>
    public static long Delta(long freeable, int seeks, int priority) => seeks == 0 ? freeable / 2 : (freeable >> priority) * 4 / seeks;

    /// <summary>What is to be looked at: the share, and of what was put off as much as the priority lets through.</summary>
    public static long Total(long freeable, long deferred, long delta, int priority) =>
        Math.Min((deferred >> priority) + delta, 2 * freeable);

    /// <summary>A call is worth while for a whole batch, or, when memory is very tight, for all there is.</summary>
    public static bool IsWorthwhile(long total, int batch, long freeable) => total >= batch || total >= freeable;

    /// <summary>What is put off until the next walk.</summary>
    public static long Deferred(long freeable, long deferred, long delta, long scanned) =>
        Math.Min(Math.Max(deferred + delta - scanned, 0), 2 * freeable);
}
