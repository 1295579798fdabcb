using Sim.Hardware.Cpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Shrinkers;

/// <summary>A cache of objects that can be made again (<c>struct shrinker</c>).</summary>
internal interface IShrinkable
{
    /// <summary>Objects it could free (<c>count_objects</c>).</summary>
    long Count();

    /// <summary>Looks at so many objects, and frees those that have not been used lately (<c>scan_objects</c>).</summary>
    /// <returns>Objects freed; -1 when it cannot work on behalf of such a request (<c>SHRINK_STOP</c>).</returns>
    long Scan(long objects, GfpFlags gfp, CpuClock cpu, long cause);
}
