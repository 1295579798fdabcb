using Sim.Engine.Events;

namespace Sim.Kernel.Shrinkers;

/// <summary>What is remembered of each shrinker. Sourced: changed by <c>Apply</c> only.</summary>
public sealed class ShrinkerState : IApply<ShrinkerRegister>, IApply<ShrinkerShrink>
{
    private readonly List<Shrinker> _shrinkers = [];

    /// <summary>In the order of registration, in which they are asked.</summary>
    public IReadOnlyList<Shrinker> Shrinkers => _shrinkers;

    /// <summary>Objects that shrinkers were asked to look at (<c>slabs_scanned</c>).</summary>
    public long ScannedObjects { get; private set; }

    public void Apply(in ShrinkerRegister e, in EventHeader header) =>
        _shrinkers.Add(new Shrinker(e.Name, e.BatchObjects, e.Seeks));

    public void Apply(in ShrinkerShrink e, in EventHeader header)
    {
        Shrinker shrinker = _shrinkers[e.Shrinker];
        shrinker.DeferredObjects = e.DeferredObjects;
        shrinker.FreedObjects += e.FreedObjects;
        shrinker.FreedPages += e.FreedPages;
        ScannedObjects += e.ScannedObjects;
    }

    internal void HashInto(ref XxHash64 hash)
    {
        foreach (Shrinker shrinker in _shrinkers)
        {
            hash.Add(shrinker.Name);
            hash.Add(shrinker.BatchObjects);
            hash.Add(shrinker.Seeks);
            hash.Add(shrinker.DeferredObjects);
            hash.Add(shrinker.FreedObjects);
            hash.Add(shrinker.FreedPages);
        }
        // A machine without shrinkers scans nothing, and its hash is as if there were none.
        if (_shrinkers.Count > 0)
        {
            hash.Add(ScannedObjects);
        }
    }
}
