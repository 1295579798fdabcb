using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Shrinkers;

/// <summary>
/// Asks every cache that can be shrunk for its share of a walk over the node (<c>shrink_slab</c>, <c>do_shrink_slab</c> of
/// mm/vmscan.c, Linux 6.1).
/// </summary>
internal sealed class SlabShrinkers(ShrinkerState state, SlabState slab, Journal journal)
{
    private readonly List<IShrinkable> _caches = [];

    /// <summary>Adds a cache (<c>register_shrinker</c>).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="batchObjects">Objects of one call; 0 for the usual number.</param>
    /// <param name="seeks">Cost of making an object again.</param>
    /// <param name="cause">Sequence of the event that led here; -1 for none.</param>
    public void Register(string name, IShrinkable cache, int batchObjects, int seeks, long cause)
    {
        var e = new ShrinkerRegister(journal.Intern(name), batchObjects == 0 ? ScanShare.DefaultBatchObjects : batchObjects, seeks);
        EventHeader header = journal.Emit(in e, cause);
        state.Apply(in e, in header);
        _caches.Add(cache);
    }

    /// <summary>Shrinks all caches at a walk's priority.</summary>
    /// <returns>Frames that slabs gave back, which count as reclaimed (<c>reclaim_state</c>).</returns>
    public long Shrink(GfpFlags gfp, int priority, CpuClock cpu, long cause)
    {
        long pages = 0;
        for (int i = 0; i < _caches.Count; i++)
        {
            pages += Shrink(i, gfp, priority, cpu, cause);
        }
        return pages;
    }

    private long Shrink(int number, GfpFlags gfp, int priority, CpuClock cpu, long cause)
    {
        IShrinkable cache = _caches[number];
        Shrinker shrinker = state.Shrinkers[number];
        long freeable = cache.Count();
        if (freeable == 0)
        {
            return 0;
        }
        long pages = SlabPages;
        long delta = ScanShare.Delta(freeable, shrinker.Seeks, priority);
        long total = ScanShare.Total(freeable, shrinker.DeferredObjects, delta, priority);
        long scanned = 0, freed = 0;
        while (ScanShare.IsWorthwhile(total, shrinker.BatchObjects, freeable))
        {
            long objects = Math.Min(shrinker.BatchObjects, total);
            long result = cache.Scan(objects, gfp, cpu, cause);
            if (result < 0)
            {
                break;
            }
            freed += result;
            total -= objects;
            scanned += objects;
        }
        pages -= SlabPages;
        long deferred = ScanShare.Deferred(freeable, shrinker.DeferredObjects, delta, scanned);
        // A walk that neither looks nor puts off changes nothing.
        if (scanned > 0 || deferred != shrinker.DeferredObjects)
        {
            var e = new ShrinkerShrink(number, (byte)priority, freeable, scanned, freed, pages, deferred);
            EventHeader header = journal.Emit(in e, cause);
            state.Apply(in e, in header);
        }
        return pages;
    }

    private long SlabPages => slab.Pages(reclaimable: true) + slab.Pages(reclaimable: false);
}
