using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Sim.Kernel.PageCache;
using Sim.Kernel.Tests.Mission;

namespace Sim.Kernel.Tests.PageCache;

/// <summary>The limits beside those that real kernels tell: at each checkpoint of a recording, from the zones that it tells at the same moment.</summary>
public partial class RecordedDirtyLimitsTests
{
    /// <summary>Linux 6.1 on machines of 256 MiB to 4.5 GiB, two of them with high memory (<c>nr_dirty_threshold</c>, <c>nr_dirty_background_threshold</c>).</summary>
    [Theory]
    [InlineData("686-1536", 3)]
    [InlineData("fork-256", 2)]
    [InlineData("mixed-256", 6)]
    [InlineData("nofrag-4608", 6)]
    [InlineData("pae-1536", 3)]
    [InlineData("slabfault-512", 4)]
    [InlineData("smp2-512", 4)]
    [InlineData("thp-640", 4)]
    public void TheyAreTheRealKernels(string capture, int checkpoints)
    {
        using var reader = new StreamReader(new GZipStream(
            File.OpenRead(Path.Combine(RealKernel.Root(), "traces", "captures", capture, "checkpoints.txt.gz")), CompressionMode.Decompress));
        string text = reader.ReadToEnd();
        long[] free = All(text, "nr_free_pages"), inactive = All(text, "nr_inactive_file"), active = All(text, "nr_active_file");
        long[] throttle = All(text, "nr_dirty_threshold"), background = All(text, "nr_dirty_background_threshold");
        Assert.Equal(checkpoints, throttle.Length);
        // Each checkpoint's zoneinfo begins with zone DMA.
        string[][] zones = [.. FirstZone().Split(text).Skip(1).Select(part => (string[])[.. AnyZone().Split("Node 0, zone DMA\n" + part).Skip(1).Where(z => z.Contains("pages free"))])];
        for (int i = 0; i < checkpoints; i++)
        {
            long reserve = zones[i].Sum(z => Math.Min(
                Numbers().Matches(Protection().Match(z).Groups[1].Value).Max(m => Number(m.Value)) + Field(z, "high") - Field(z, "boost"), Field(z, "managed")));
            long high = zones[i].Where(z => z.StartsWith("HighMem", StringComparison.Ordinal)).Sum(z =>
                Math.Max(Field(z, "pages free") - Field(z, "high"), 0) + Field(z, "nr_zone_inactive_file") + Field(z, "nr_zone_active_file"));
            Assert.Equal(
                new DirtyLimits(background[i], throttle[i]), DirtyLimits.Of(free[i], reserve, inactive[i] + active[i], high, new PageCacheOptions()));
        }
    }

    private static long[] All(string text, string name) =>
        [.. Regex.Matches(text, $@"^{name} (\d+)$", RegexOptions.Multiline).Select(m => Number(m.Groups[1].Value))];

    private static long Field(string zone, string name) => Number(Regex.Match(zone, $@"^\s+{name}\s+(\d+)$", RegexOptions.Multiline).Groups[1].Value);

    private static long Number(string digits) => long.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^Node 0, zone +DMA\n", RegexOptions.Multiline)]
    private static partial Regex FirstZone();

    [GeneratedRegex(@"^Node 0, zone +", RegexOptions.Multiline)]
    private static partial Regex AnyZone();

    [GeneratedRegex(@"protection: \(([^)]*)\)")]
    private static partial Regex Protection();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Numbers();
}
