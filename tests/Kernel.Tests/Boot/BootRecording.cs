using System.Globalization;
using System.IO.Compression;
using System.Text;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Boot;

/// <summary>
/// Boots of stock Debian 6.1 kernels in one-CPU guests: the lines of their logs that concern memory, and for some of them the
/// allocator's lists as they were when the slab allocator began.
/// </summary>
internal static class BootRecording
{
    public static BootLog Log(string machine) => BootLog.Read(new StringReader(LogText(machine)), machine);

    public static string LogText(string machine) => Text($"boot-6.1-{machine}.dmesg.gz");

    public static string[] Lists(string machine) => Text($"boot0-6.1-{machine}.txt.gz").TrimEnd('\n').Split('\n');

    public static ZoneProfile ProfileOf(BootLog log) => ZoneProfile.Of(log.Profile, new ZoneLimits(), log.Map);

    /// <summary>The state's lists in the words of the recording.</summary>
    public static string[] Describe(PageAllocatorState state)
    {
        var lines = new List<string>();
        foreach (Zone zone in state.Zones.Where(z => z.IsPopulated))
        {
            string reserve = string.Join(' ', state.Zones.Select(z => zone.LowmemReserve(z.Type)));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"zone {ZoneTypes.Name(zone.Type)} start {zone.StartPfn:x} spanned {zone.SpannedPages} "
                + $"present {zone.PresentPages} managed {zone.ManagedPages} wm {zone.Watermark(Watermark.Min)} {zone.Watermark(Watermark.Low)} "
                + $"{zone.Watermark(Watermark.High)} {zone.Watermark(Watermark.Promo)} boost 0 reserve {reserve} highatomic 0 flags 0 nr_free {zone.FreePages}"));
            for (int order = 0; order < PageOrder.Count; order++)
            {
                for (int type = 0; type < MigrateTypes.Count; type++)
                {
                    List<int> list = ListOf(state, zone.FreeList(order, (MigrateType)type));
                    if (list.Count > 0)
                    {
                        lines.Add($"free {order} {type} {list.Count}: {string.Join(' ', list.Select(p => p.ToString("x", CultureInfo.InvariantCulture)))}");
                    }
                }
            }
            PerCpuPages pcp = zone.PerCpu[0];
            lines.Add($"pcpinfo count {pcp.Count} high {pcp.High} batch {pcp.Batch} free_factor {pcp.FreeFactor} expire 0");
            int blockPages = 1 << state.Profile.PageblockOrder;
            string types = string.Concat(zone.PageblockTypes.ToArray().Select(t => (char)('0' + t)));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"pb {zone.StartPfn & -blockPages:x} {blockPages} {types}"));
        }
        return [.. lines];
    }

    private static List<int> ListOf(PageAllocatorState state, int head)
    {
        var list = new List<int>();
        for (int at = state.Frames.At(head).Next; at != head; at = state.Frames.At(at).Next)
        {
            list.Add(at);
        }
        return list;
    }

    private static string Text(string resource)
    {
        using Stream stream = typeof(BootRecording).Assembly.GetManifestResourceStream(resource)
            ?? throw new ArgumentException($"There is no recording {resource}.", nameof(resource));
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
