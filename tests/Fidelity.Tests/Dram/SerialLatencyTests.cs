using System.Globalization;
using System.IO.Compression;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Hardware.Dram;
using Sim.Hardware.Events;

namespace Sim.Fidelity.Tests.Dram;

/// <summary>
/// Latencies of single requests against DRAMsim3 in serial mode: the next read is injected in the cycle in which its predecessor
/// returns, so no scheduling policy plays a part. DRAMsim3 adds two cycles of its own to every request.
/// </summary>
public sealed class SerialLatencyTests
{
    private const int OracleOverheadCycles = 2;

    [Theory]
    [InlineData("stream"), InlineData("random"), InlineData("conflict"), InlineData("pingpong")]
    public void WithoutRefreshEveryLatencyIsTheOracles(string trace)
    {
        long[] expected = Latencies(trace, "ddr4_2400_open_norefresh");
        Assert.True(expected.Length >= 20_000);
        Assert.Equal(expected, Run(trace, refresh: false));
    }

    [Theory]
    [InlineData("stream"), InlineData("random"), InlineData("conflict"), InlineData("pingpong")]
    public void WithRefreshTheMeanIsWithinTwoPercent(string trace)
    {
        double expected = Latencies(trace, "ddr4_2400_open").Average();
        Assert.InRange(Run(trace, refresh: true).Average(), expected * 0.98, expected * 1.02);
    }

    private static long[] Run(string trace, bool refresh)
    {
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        var dram = new DramController(
            new DramOptions { Refresh = refresh }, new DramState(DramGeometry.BanksPerRank), new Journal(new NullBlockSink(), catalogue));
        var latencies = new List<long>();
        long now = 0;
        foreach (string line in Lines(trace + ".trc.gz"))
        {
            string[] words = line.Split(' ');
            Assert.Equal("R", words[1]);
            ulong address = ulong.Parse(words[0].AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            long done = dram.Access(address, write: false, now, -1);
            latencies.Add(done - now);
            now = done + OracleOverheadCycles;
        }
        return [.. latencies];
    }

    private static long[] Latencies(string trace, string config) =>
        [.. Lines($"{trace}.{config}.dramsim3.serial.lat.gz").Select(line => long.Parse(line, CultureInfo.InvariantCulture) - OracleOverheadCycles)];

    private static IEnumerable<string> Lines(string file)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Dram", "data", file);
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
