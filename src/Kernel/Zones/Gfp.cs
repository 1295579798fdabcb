namespace Sim.Kernel.Zones;

/// <summary>What the bits of a request mean (include/linux/gfp.h).</summary>
public static class Gfp
{
    /// <summary>The mobility asked for (<c>gfp_migratetype</c>).</summary>
    public static MigrateType MigrateTypeOf(GfpFlags gfp) => (MigrateType)(((int)gfp >> 3) & 3);

    /// <summary>
    /// The highest zone a request may use on a kernel with the given zones (<c>gfp_zone</c>): a modifier of a zone the
    /// kernel does not have means zone Normal.
    /// </summary>
    public static ZoneType HighestZone(GfpFlags gfp, bool hasDma32, bool hasHighMem)
    {
        if ((gfp & GfpFlags.Dma) != 0)
        {
            return ZoneType.Dma;
        }
        if ((gfp & GfpFlags.Dma32) != 0 && hasDma32)
        {
            return ZoneType.Dma32;
        }
        if ((gfp & GfpFlags.HighMem) != 0)
        {
            return (gfp & GfpFlags.Movable) != 0 ? ZoneType.Movable : hasHighMem ? ZoneType.HighMem : ZoneType.Normal;
        }
        return ZoneType.Normal;
    }
}
