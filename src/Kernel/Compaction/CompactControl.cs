using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Compaction;

/// <summary>One pass of compaction under way (<c>struct compact_control</c>, mm/internal.h). Execution state.</summary>
internal sealed class CompactControl
{
    /// <summary>Frames isolated and not used yet; the last one is used first.</summary>
    public readonly List<int> FreeFrames = [];

    /// <summary>Pages isolated and not moved yet; the last one is moved first.</summary>
    public readonly List<int> Pages = [];

    // What is asked for. An order of -1 stands for none in particular.
    public Zone Zone = null!;
    public int Order = -1;
    public GfpFlags Gfp = GfpFlags.Kernel;
    public MigrateType MigrateType;
    public CompactMode Mode = CompactMode.SyncLight;
    public AllocFlags Flags;
    public ZoneType HighestZone;
    public bool Direct, Daemon, Proactive, WholeZone, IgnoreSkipHint, IgnoreBlockSuitable;

    // Where it is.
    public long MigratePfn, FreePfn, FastStartPfn, LastMigratedPfn;
    public int SearchOrder, FastSearchFail;
    public bool Rescan, UpdateCached;
    public long Captured = -1;
    public long Cause = -1;

    // What it has done so far.
    public long MigrateScanned, FreeScanned, Isolated, Failed;
    public int Moved;

    /// <summary>A pass over the next zone begins; how fast searches went is remembered from zone to zone.</summary>
    public void Begin(Zone zone)
    {
        Zone = zone;
        MigrateType = Zones.Gfp.MigrateTypeOf(Gfp);
        FreeFrames.Clear();
        Pages.Clear();
        (MigrateScanned, FreeScanned, Isolated, Failed, Moved) = (0, 0, 0, 0, 0);
        (FastStartPfn, LastMigratedPfn, Captured) = (0, 0, -1);
        Rescan = false;
    }
}
