using Sim.Engine.Log;

namespace Sim.Engine.Tests.Log;

/// <summary>
/// Every operation of every sort fails in its turn, once or from then on. What was being done ends with a typed error,
/// no handle stays open, a reader sees a prefix, and when the disk works again the run is resumed to the same bytes.
/// </summary>
public class LogIoErrorTests
{
    private static readonly MemoryStorage Whole = SmallRun.Whole();

    public static TheoryData<DiskOperation> Operations { get; } = [.. Enum.GetValues<DiskOperation>()];

    [Theory]
    [MemberData(nameof(Operations))]
    public void WhileALogIsWritten(DiskOperation sort)
    {
        foreach (LogDurability durability in Enum.GetValues<LogDurability>())
        {
            FailEverywhere(sort, () => new SimulatedDisk(), disk => AssertWriterDies(disk, durability, resume: false, sort));
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void WhileALogIsResumed(DiskOperation sort)
    {
        MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true, events: 71);
        int failures = 0;
        foreach (LogDurability durability in Enum.GetValues<LogDurability>())
        {
            failures += FailEverywhere(sort, () => SimulatedDisk.Of(interrupted), disk => AssertWriterDies(disk, durability, resume: true, sort));
        }
        Assert.Equal(sort is DiskOperation.Rename or DiskOperation.Delete, failures == 0);
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void WhileALogIsReadOrVerified(DiskOperation sort)
    {
        foreach (MemoryStorage log in (MemoryStorage[])[Whole, SampleLog.WriteSmall(provisional: true, events: 71)])
        {
            FailEverywhere(sort, () => SimulatedDisk.Of(log), disk =>
            {
                Tolerate(() => SmallRun.AssertPrefix(disk, sort.ToString()), disk);
                return !disk.HasFailed;
            });
            FailEverywhere(sort, () => SimulatedDisk.Of(log), disk =>
            {
                LogReport? report = null;
                Tolerate(() => report = LogVerifier.Verify(disk), disk);
                Assert.True(!disk.HasFailed || report is null or { Status: not LogStatus.Complete });
                return !disk.HasFailed;
            });
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void WhileALogIsRepaired(DiskOperation sort)
    {
        MemoryStorage interrupted = SampleLog.WriteSmall(provisional: true, events: 71);
        foreach (bool inTheCopy in (bool[])[false, true])
        {
            FailEverywhere(sort, () => new SimulatedDisk(), faulty =>
            {
                SimulatedDisk source = inTheCopy ? SimulatedDisk.Of(interrupted) : SimulatedDisk.Of(interrupted).With(faulty.Fault);
                SimulatedDisk target = inTheCopy ? faulty : new SimulatedDisk();
                SimulatedDisk failing = inTheCopy ? target : source;
                Tolerate(() => LogRecovery.RepairInto(source, target), failing);
                Assert.Equal((0, 0), (source.OpenHandles, target.OpenHandles));
                SmallRun.AssertSame(interrupted, source.Files(), "the damaged log");
                return !failing.HasFailed;
            });
        }
    }

    /// <summary>ext4 and others forget which pages a failed sync did not write; a second one would succeed and lie.</summary>
    [Theory]
    [InlineData(LogDurability.Block)]
    [InlineData(LogDurability.Seal)]
    public void AfterAFailedSync_TheWriterStaysDead_AndSyncsNoMore(LogDurability durability)
    {
        FailEverywhere(DiskOperation.Sync, () => new SimulatedDisk(), disk =>
        {
            long promised = -1;
            LogWriteException? e = SmallRun.TryFinish(disk, durability, resume: false, ref promised);
            if (e is null)
            {
                return true;
            }
            Assert.Equal(disk.Fault!.At, disk.Count(DiskOperation.Sync));
            Assert.Contains(promised < 0 ? "No event is surely" : $"on disk is {promised}.", e.Message, StringComparison.Ordinal);
            return false;
        });
    }

    private static bool AssertWriterDies(SimulatedDisk disk, LogDurability durability, bool resume, DiskOperation sort)
    {
        long promised = -1;
        string what = $"{durability}, {disk.Fault}";
        LogWriteException? e = null;
        try
        {
            e = SmallRun.TryFinish(disk, durability, resume, ref promised);
        }
        catch (CorruptLogException) when (sort == DiskOperation.Read)
        {
            // Fewer bytes than the file has look like damage.
        }
        Assert.Equal(0, disk.OpenHandles);
        if (!disk.HasFailed)
        {
            Assert.Null(e);
            SmallRun.AssertSame(Whole, disk.Files(), what);
            return true;
        }
        if (e is not null)
        {
            Assert.Contains("injected", e.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(DiskFailure.ShortRead, disk.Fault!.Failure);
        }
        disk.Fault = null;
        if (promised >= 0)
        {
            Assert.True(SmallRun.AssertPrefix(disk, what) > promised, what);
        }
        Assert.Null(SmallRun.TryFinish(disk, durability, resume: true, ref promised));
        SmallRun.AssertSame(Whole, disk.Files(), what);
        return false;
    }

    private static void Tolerate(Action action, SimulatedDisk disk)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or CorruptLogException && disk.HasFailed)
        {
            Assert.NotEmpty(e.Message);
        }
        Assert.Equal(0, disk.OpenHandles);
    }

    // Counts up until the failure no longer comes; returns how often it came.
    private static int FailEverywhere(DiskOperation sort, Func<SimulatedDisk> start, Func<SimulatedDisk, bool> succeeds)
    {
        int failures = 0;
        foreach (DiskFailure failure in DiskFault.Of(sort))
        {
            foreach (bool persistent in (bool[])[false, true])
            {
                for (int n = 1; !succeeds(start().With(new DiskFault(failure, n, sort, persistent))); n++)
                {
                    failures++;
                    Assert.True(n < 10_000, "it never ends");
                }
            }
        }
        return failures;
    }
}
