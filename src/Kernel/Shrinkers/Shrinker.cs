namespace Sim.Kernel.Shrinkers;

/// <summary>One shrinker (<c>struct shrinker</c>). Part of the sourced state; changed by <c>Apply</c> only.</summary>
/// <param name="name">Symbol of its name.</param>
/// <param name="batchObjects">Objects looked at in one call.</param>
/// <param name="seeks">Cost of making an object again.</param>
public sealed class Shrinker(int name, int batchObjects, int seeks)
{
    /// <summary>Symbol of its name.</summary>
    public int Name { get; } = name;

    /// <summary>Objects looked at in one call (<c>batch</c>).</summary>
    public int BatchObjects { get; } = batchObjects;

    /// <summary>Cost of making an object again (<c>seeks</c>).</summary>
    public int Seeks { get; } = seeks;

    /// <summary>Objects it is still to look at (<c>nr_deferred</c>).</summary>
    public long DeferredObjects { get; internal set; }

    /// <summary>Objects it has freed.</summary>
    public long FreedObjects { get; internal set; }

    /// <summary>Frames that its work gave back.</summary>
    public long FreedPages { get; internal set; }
}
