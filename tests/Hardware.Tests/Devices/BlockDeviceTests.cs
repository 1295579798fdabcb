using Sim.Engine.Random;
using Sim.Engine.Scheduling;
using Sim.Hardware.Devices;

namespace Sim.Hardware.Tests.Devices;

public class BlockDeviceTests
{
    private const long Ms = 1_000_000_000;

    /// <summary>Random reads one at a time take the average the data sheet promises: overhead, seek, half a turn, transfer.</summary>
    [Fact]
    public void AHardDiskSeeksAndTurns()
    {
        var options = new HardDiskOptions();
        (Scheduler scheduler, Client client) = Make();
        var disk = new HardDisk(options, scheduler);
        var random = new RandomStream(1, "disk");
        const int Reads = 2_000;
        for (int i = 0; i < Reads; i++)
        {
            disk.Submit(new BlockRequest((long)random.NextBelow((ulong)options.Pages), false, client.Id, 1, i, -1), scheduler.NowPs);
            while (scheduler.Step())
            {
            }
        }
        Assert.Equal(Enumerable.Range(0, Reads).Select(i => (long)i), client.Done);
        double meanMs = (double)scheduler.NowPs / Ms / Reads;
        // 0.1 + 8.5 (within the rounding of square roots: the mean over uniform pairs is a little less) + 4.17 + 0.02.
        Assert.InRange(meanMs, 11.0, 13.0);
        Assert.Equal(new BlockStatistics(Reads, 0, scheduler.NowPs), disk.Statistics);
    }

    /// <summary>Pages that follow each other come at the speed of the platter.</summary>
    [Fact]
    public void AHardDiskStreams()
    {
        var options = new HardDiskOptions();
        (Scheduler scheduler, Client client) = Make();
        var disk = new HardDisk(options, scheduler);
        const int Pages = 25_000;
        for (int i = 0; i < Pages; i++)
        {
            disk.Submit(new BlockRequest(i, true, client.Id, 1, i, -1), 0);
        }
        Assert.False(disk.IsFull);
        while (scheduler.Step())
        {
        }
        double bytesPerSecond = Pages * 4096.0 / ((double)scheduler.NowPs / 1e12);
        Assert.InRange(bytesPerSecond, options.BytesPerSecond * 0.95, options.BytesPerSecond * 1.01);
        Assert.Equal(Pages, client.Done.Count);
    }

    /// <summary>Reads overtake writes, but not for ever; every request is answered once.</summary>
    [Fact]
    public void ReadsGoFirst_AndNobodyStarves()
    {
        var options = new HardDiskOptions { FifoBatch = 4, QueueRequests = 50 };
        (Scheduler scheduler, Client client) = Make();
        var disk = new HardDisk(options, scheduler);
        for (int i = 0; i < 100; i++)
        {
            disk.Submit(new BlockRequest(1_000_000 + (i * 10), i % 2 == 1, client.Id, 1, i, -1), 0);
        }
        Assert.True(disk.IsFull);
        while (scheduler.Step())
        {
        }
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (long)i), client.Done.Order());
        // Two batches of four reads, then one of four writes.
        Assert.Equal([0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7], client.Done.Take(12));
    }

    /// <summary>One read at a time and many at a time: what the data sheet says of both.</summary>
    [Fact]
    public void ASolidStateDiskWorksSideBySide()
    {
        var options = new SolidStateOptions();
        (Scheduler scheduler, Client client) = Make();
        var disk = new SolidStateDisk(options, scheduler);
        disk.Submit(new BlockRequest(5, false, client.Id, 1, 0, -1), 0);
        while (scheduler.Step())
        {
        }
        Assert.Equal(options.ReadNs * 1000L, scheduler.NowPs);
        long start = scheduler.NowPs;
        for (int i = 0; i < 10_000; i++)
        {
            disk.Submit(new BlockRequest(i, false, client.Id, 1, i, -1), start);
        }
        while (scheduler.Step())
        {
        }
        double perSecond = 10_000 / ((double)(scheduler.NowPs - start) / 1e12);
        Assert.InRange(perSecond, 430_000, 510_000);
        // All on one channel, they wait for each other.
        start = scheduler.NowPs;
        for (int i = 0; i < 100; i++)
        {
            disk.Submit(new BlockRequest(i * options.Channels, false, client.Id, 1, i, -1), start);
        }
        while (scheduler.Step())
        {
        }
        Assert.True(scheduler.NowPs - start >= 100 * ((options.ReadNs - options.ReadIntervalNs) * 1000L));
    }

    [Fact]
    public void CompressedMemoryAnswersAtOnce()
    {
        var device = new CompressedMemory(new CompressedMemoryOptions { CompressNs = 7, DecompressNs = 3 });
        Assert.True(device.IsSynchronous);
        Assert.Equal(7_000, device.Submit(new BlockRequest(1, true, 0, 1, 0, -1), 0));
        Assert.Equal(3_000, device.Submit(new BlockRequest(1, false, 0, 1, 0, -1), 0));
        Assert.Equal(new BlockStatistics(1, 1, 10_000), device.Statistics);
    }

    private static (Scheduler, Client) Make()
    {
        var scheduler = new Scheduler(new TimingWheelEventQueue());
        var client = new Client();
        client.Id = scheduler.Register(client);
        return (scheduler, client);
    }

    private sealed class Client : IComponent
    {
        public ushort Id { get; set; }
        public List<long> Done { get; } = [];

        public void Handle(in Message message) => Done.Add(message.A);
    }
}
