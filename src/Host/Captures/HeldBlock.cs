using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>What a trace tells of a block that is held where a stretch of it begins.</summary>
/// <param name="Pfn">First frame.</param>
/// <param name="Order">Its order.</param>
/// <param name="MigrateType">Movable for pages on the lists that reclaim keeps (the kernel's <c>PageLRU</c>, which <c>move_freepages</c> counts).</param>
/// <param name="Pid">Task that asked for it; 0 when only its end is in the trace.</param>
/// <param name="Line">Line of its allocation; 0 when only its end is in the trace.</param>
internal readonly record struct HeldBlock(long Pfn, int Order, MigrateType MigrateType, int Pid, int Line)
{
    /// <summary>The blocks, by frame number: from their allocation before the stretch, or from a batched free inside it, which is for pages of reclaim's lists only.</summary>
    public static IEnumerable<HeldBlock> Of(CaptureEvent[] events, CaptureRange range)
    {
        var held = new SortedDictionary<long, HeldBlock>();
        for (int i = 0; i < range.First; i++)
        {
            ref readonly CaptureEvent e = ref events[i];
            if (e.Kind == CaptureEventKind.Alloc && e.Pfn != 0)
            {
                held[e.Pfn] = new HeldBlock(e.Pfn, e.Order, IsOnLru(in e) ? MigrateType.Movable : KnownType(e.MigrateType), e.Pid, e.Line);
            }
            else if (e.Kind is CaptureEventKind.Free or CaptureEventKind.FreeBatched)
            {
                held.Remove(e.Pfn);
            }
        }
        var seen = new HashSet<long>();
        for (int i = range.First; i < range.End; i++)
        {
            ref readonly CaptureEvent e = ref events[i];
            switch (e.Kind)
            {
                // The first half of a batched free says nothing yet.
                case CaptureEventKind.Alloc:
                    seen.Add(e.Pfn);
                    break;
                case CaptureEventKind.FreeBatched when seen.Add(e.Pfn) && !held.ContainsKey(e.Pfn):
                    held[e.Pfn] = new HeldBlock(e.Pfn, 0, MigrateType.Movable, 0, 0);
                    break;
            }
        }
        return held.Values;
    }

    /// <summary>Single pages of processes and files; those of a ramfs are asked for as unmovable and are on the lists all the same.</summary>
    private static bool IsOnLru(in CaptureEvent e)
    {
        const GfpFlags ramfs = GfpFlags.HighUser;
        var gfp = (GfpFlags)e.Gfp;
        return e.Order == 0 && ((gfp & GfpFlags.Movable) != 0 || ((gfp & ramfs) == ramfs && (gfp & GfpFlags.Account) == 0));
    }

    private static MigrateType KnownType(byte type) => type < MigrateTypes.Count ? (MigrateType)type : MigrateType.Unmovable;
}
