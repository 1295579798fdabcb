using Sim.Engine.Log;
using Sim.Engine.Random;

namespace Sim.Engine.Tests.Log;

/// <summary>
/// The process is killed, or the power goes, at every operation on the disk, and again while the log is gone on with or
/// repaired. What is left is a prefix with all that was promised, and becomes the log of an uninterrupted run.
/// </summary>
public class LogCrashTests
{
    private static readonly MemoryStorage Whole = SmallRun.Whole();

    // Each seed is another outcome of the same power cut.
    private static readonly int Seeds = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 300 : 4;

    [Theory]
    [InlineData(LogDurability.None, false)]
    [InlineData(LogDurability.Flush, false)]
    [InlineData(LogDurability.Block, false)]
    [InlineData(LogDurability.Seal, false)]
    [InlineData(LogDurability.None, true)]
    [InlineData(LogDurability.Flush, true)]
    [InlineData(LogDurability.Block, true)]
    [InlineData(LogDurability.Seal, true)]
    public void CrashAtEveryOperation_AndAgainOnTheWayBack_ThePromiseHolds_AndTheFinishedLogIsTheSame(LogDurability durability, bool powerCut)
    {
        int operations = CrashEverywhere(durability, powerCut, () => new SimulatedDisk(), resume: false);
        Assert.True(operations >= (durability == LogDurability.Block ? 20 : 5), $"only {operations} operations were reached");
    }

    [Theory]
    [InlineData(LogDurability.None, false)]
    [InlineData(LogDurability.None, true)]
    [InlineData(LogDurability.Block, false)]
    [InlineData(LogDurability.Block, true)]
    [InlineData(LogDurability.Seal, true)]
    public void CrashWhileAnInterruptedRunIsResumed(LogDurability durability, bool powerCut)
    {
        foreach (int events in (int[])[0, 31, 40, 71])
        {
            MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true, events: events);
            int operations = CrashEverywhere(durability, powerCut, () => SimulatedDisk.Of(interrupted), resume: true);
            Assert.True(operations >= 5, $"only {operations} operations were reached");
        }
    }

    [Fact]
    public void CrashDuringRepair_LeavesTheDamagedLogAlone_AndAnotherRepairSucceeds()
    {
        MemoryStorage damaged = Whole.Copy();
        string middle = damaged.Names.ElementAt(1);
        byte[] bytes = damaged[middle];
        bytes[^200] ^= 1;
        damaged[middle] = bytes;
        int n = 1;
        for (; ; n++)
        {
            var random = new RandomStream((ulong)n, "crash");
            var source = SimulatedDisk.Of(damaged);
            var target = new SimulatedDisk { Fault = new DiskFault(DiskFailure.Crash, n) };
            try
            {
                LogRecovery.RepairInto(source, target);
                break;
            }
            catch (IOException)
            {
                Assert.Equal((0, 0), (source.OpenHandles, target.OpenHandles));
            }
            SmallRun.AssertSame(damaged, source.Files(), $"operation {n}");
            foreach (SimulatedDisk left in (SimulatedDisk[])[target.AfterKill(), target.AfterPowerCut(random)])
            {
                if (left.List().Contains(LogFormat.SegmentName(0)))
                {
                    SmallRun.AssertPrefix(left, $"operation {n}");
                }
            }
            SimulatedDisk again = new();
            LogRecovery.RepairInto(source, again);
            Assert.Equal(LogStatus.Incomplete, LogVerifier.Verify(again).Status);
        }
        Assert.True(n > 5);
    }

    private static int CrashEverywhere(LogDurability durability, bool powerCut, Func<SimulatedDisk> start, bool resume)
    {
        // What a power cut leaves of what was never synced is nobody's promise.
        bool keeps = !powerCut || durability is LogDurability.Block or LogDurability.Seal;
        for (int n = 1; ; n++)
        {
            SimulatedDisk disk = start();
            disk.Fault = new DiskFault(DiskFailure.Crash, n);
            long promised = -1;
            if (SmallRun.TryFinish(disk, durability, resume, ref promised) is null)
            {
                SmallRun.AssertSame(Whole, disk.Files(), "no crash");
                return n - 1;
            }
            Assert.Equal(0, disk.OpenHandles);
            for (int seed = 0; seed < (powerCut ? Seeds : 1); seed++)
            {
                string what = $"{durability}, crash at operation {n}, seed {seed}";
                var random = new RandomStream((ulong)(n * 1000 + seed), "crash");
                SimulatedDisk after = Crash(disk, powerCut, random);
                long kept = keeps ? promised : -1;
                AssertRecoverable(after, kept, mayBeRefused: powerCut && durability != LogDurability.Block, what);
                // And a second crash, somewhere on the way back.
                int m = 1 + (int)random.NextBelow(25);
                after.Fault = new DiskFault(DiskFailure.Crash, m);
                try
                {
                    if (SmallRun.TryFinish(after, durability, resume: true, ref kept) is null)
                    {
                        continue;
                    }
                }
                catch (CorruptLogException)
                {
                    continue;
                }
                kept = keeps ? kept : -1;
                what += $", again at {m}";
                AssertRecoverable(Crash(after, powerCut, random), kept, mayBeRefused: powerCut && durability != LogDurability.Block, what);
            }
        }
    }

    private static SimulatedDisk Crash(SimulatedDisk disk, bool powerCut, RandomStream random) =>
        powerCut ? disk.AfterPowerCut(random) : disk.AfterKill();

    // Resumes a copy of what is left to the end; repairs it before, where damage calls for that.
    private static void AssertRecoverable(SimulatedDisk left, long promised, bool mayBeRefused, string what)
    {
        SimulatedDisk disk = left.AfterKill();
        long durable = -1;
        try
        {
            if (disk.List().Any(name => LogFormat.TryParseSegmentName(name, out _)) && promised >= 0)
            {
                int read = SmallRun.AssertPrefix(disk, what);
                Assert.True(read > promised, $"{what}: {promised} was promised, {read} events are left");
            }
            Assert.Null(SmallRun.TryFinish(disk, LogDurability.Seal, resume: true, ref durable));
        }
        catch (CorruptLogException e)
        {
            Assert.True(mayBeRefused, $"{what}: refused: {e.Message}");
            disk = Repair(disk, promised, what);
            Assert.Null(SmallRun.TryFinish(disk, LogDurability.Seal, resume: true, ref durable));
        }
        Assert.Equal(0, disk.OpenHandles);
        SmallRun.AssertSame(Whole, disk.Files(), what);
    }

    private static SimulatedDisk Repair(SimulatedDisk damaged, long promised, string what)
    {
        var repaired = new SimulatedDisk();
        try
        {
            RecoveryPlan plan = LogRecovery.RepairInto(damaged, repaired);
            Assert.True(plan.Events > promised, $"{what}: {promised} was promised, repair keeps {plan.Events} events");
            Assert.Equal(plan.Events, SmallRun.AssertPrefix(repaired, what));
        }
        catch (CorruptLogException e)
        {
            Assert.True(promised < 0, $"{what}: {e.Message}");
        }
        return repaired;
    }
}
