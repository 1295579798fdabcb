using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Sim.Engine.Random;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>The memory at any moment: what <c>show</c> prints adds up, and the frames behind it obey the buddy system's rules.</summary>
[Collection(RunCollection.Name)]
public sealed class MomentTests(RunLibrary library)
{
    private const int Moments = 50;

    [Theory]
    [InlineData("fragmentation")]
    [InlineData("processes-i386")]
    [InlineData("slab")]
    [InlineData("trace")]
    public async Task FramesAddUpAndFreeBlocksAreAlignedAndMerged(string workload)
    {
        string run = library.Run(workload);
        using RecordedRun recorded = RecordedRun.Open(run, Application.Reader);
        var timeline = new Timeline(recorded, Application.Simulator);
        var random = new RandomStream(5, workload);
        long first = await LastZone(run);
        List<long> moments = [.. Enumerable.Range(0, Moments - 2).Select(_ => first + (long)random.NextBelow((ulong)(recorded.Log.LastSequence - first))), first, recorded.Log.LastSequence];
        moments.Sort();
        foreach (long moment in moments)
        {
            timeline.GoTo(moment);
            string position = moment.ToString(CultureInfo.InvariantCulture);
            CommandLine.Result buddyinfo = await CommandLine.RunAsync("show", run, "buddyinfo", "--goto", position, "--json");
            CommandLine.Result extfrag = await CommandLine.RunAsync("show", run, "extfrag", "--goto", position, "--json");
            Assert.Equal((0, 0), (buddyinfo.ExitCode, extfrag.ExitCode));
            using JsonDocument zones = JsonDocument.Parse(buddyinfo.Out), indexes = JsonDocument.Parse(extfrag.Out);
            CheckFrames(timeline.State.State.Memory.Pages, FreePages(zones), moment);
            CheckExtfrag(zones, indexes);
        }
    }

    [Fact]
    public void TheProcessItselfShowsAMoment()
    {
        string run = library.Run("fragmentation");
        foreach (string moment in (string[])["20000", "29000"])
        {
            using JsonDocument zones = JsonDocument.Parse(ChildProcess.Sim("show", run, "buddyinfo", "--goto", moment, "--json").Out);
            using JsonDocument zoneinfo = JsonDocument.Parse(ChildProcess.Sim("show", run, "zoneinfo", "--goto", moment, "--json").Out);
            Assert.Equal(zoneinfo.RootElement.EnumerateArray().Sum(z => z.GetProperty("free").GetInt64()), FreePages(zones));
        }
    }

    /// <summary>The event with which the last zone has its memory.</summary>
    private static async Task<long> LastZone(string run)
    {
        CommandLine.Result boot = await CommandLine.RunAsync("events", run, "--kind", "boot.zone", "--json");
        using JsonDocument last = JsonDocument.Parse(boot.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        return last.RootElement.GetProperty("sequence").GetInt64();
    }

    private static long FreePages(JsonDocument zones) =>
        zones.RootElement.EnumerateArray().Sum(z => z.GetProperty("nr_free").EnumerateArray().Select((n, order) => n.GetInt64() << order).Sum());

    /// <summary>Walks the frames without the allocator's own lists or counters.</summary>
    private static void CheckFrames(PageAllocatorState pages, long shownFree, long moment)
    {
        long free = 0, perCpu = 0, allocated = 0, reserved = 0, holes = 0;
        FrameTable frames = pages.Frames;
        for (long pfn = 0; pfn < frames.Count;)
        {
            Frame frame = frames[pfn];
            long length = frame.State is FrameState.Hole or FrameState.Reserved ? 1 : 1L << frame.Order;
            Assert.True(frame.State != FrameState.Tail, $"after event {moment}: pfn {pfn:x} is in no block");
            Assert.True(pfn % length == 0, $"after event {moment}: the block at pfn {pfn:x} of order {frame.Order} is not aligned");
            for (long tail = pfn + 1; tail < pfn + length; tail++)
            {
                Assert.True(frames[tail].State == FrameState.Tail, $"after event {moment}: pfn {tail:x} lies in the block at {pfn:x} and is {frames[tail].State}");
            }
            if (frame.State == FrameState.Buddy && frame.Order < PageOrder.Max && (pfn ^ length) < frames.Count)
            {
                Frame buddy = frames[pfn ^ length];
                Assert.False(buddy.State == FrameState.Buddy && buddy.Order == frame.Order && buddy.Zone == frame.Zone,
                    $"after event {moment}: the free buddies at pfn {pfn:x} and {pfn ^ length:x} of order {frame.Order} are not merged");
            }
            _ = frame.State switch
            {
                FrameState.Hole => holes += length,
                FrameState.Reserved => reserved += length,
                FrameState.Buddy => free += length,
                FrameState.Pcp => perCpu += length,
                _ => allocated += length,
            };
            pfn += length;
        }
        Assert.Equal(free, shownFree);
        Assert.Equal(frames.Count, shownFree + perCpu + allocated + reserved + holes);
        Assert.Equal(pages.Map.UsablePageCount, shownFree + perCpu + allocated + reserved);
        Assert.True(reserved > 0);
        Assert.Null(PageInvariants.Violation(pages));
    }

    /// <summary>The kernel's formulas over the numbers that buddyinfo shows, in exact arithmetic.</summary>
    private static void CheckExtfrag(JsonDocument zones, JsonDocument indexes)
    {
        Assert.Equal(zones.RootElement.GetArrayLength(), indexes.RootElement.GetArrayLength());
        for (int zone = 0; zone < zones.RootElement.GetArrayLength(); zone++)
        {
            BigInteger[] blocks = [.. zones.RootElement[zone].GetProperty("nr_free").EnumerateArray().Select(n => new BigInteger(n.GetInt64()))];
            Assert.Equal(zones.RootElement[zone].GetProperty("zone").GetString(), indexes.RootElement[zone].GetProperty("zone").GetString());
            for (int order = 0; order < blocks.Length; order++)
            {
                BigInteger total = BigInteger.Zero, pages = BigInteger.Zero, large = BigInteger.Zero;
                for (int o = 0; o < blocks.Length; o++)
                {
                    total += blocks[o];
                    pages += blocks[o] * (1 << o);
                    large += o >= order ? blocks[o] * (1 << o) : 0;
                }
                BigInteger index = total.IsZero ? 0 : large > 0 ? -1000 : 1000 - ((1000 + (pages * 1000 / (1 << order))) / total);
                BigInteger unusable = pages.IsZero ? 1000 : (pages - large) * 1000 / pages;
                Assert.Equal(index, indexes.RootElement[zone].GetProperty("extfrag_index")[order].GetInt32());
                Assert.Equal(unusable, indexes.RootElement[zone].GetProperty("unusable_index")[order].GetInt32());
            }
        }
    }
}
