using Sim.Kernel.Replacement;

namespace Sim.Kernel.Tests.Replacement;

/// <summary>Reference strings whose faults are in print.</summary>
public sealed class TextbookTests
{
    /// <summary>Belady, Nelson and Shedler, "An anomaly in space-time characteristics of certain programs", CACM 1969.</summary>
    private const string Anomaly = "1 2 3 4 1 2 5 1 2 3 4 5";

    /// <summary>Silberschatz, Galvin and Gagne, "Operating System Concepts", section 10.4.</summary>
    private const string Concepts = "7 0 1 2 0 3 0 4 2 3 0 3 2 1 2 0 1 7 0 1";

    [Theory]
    [InlineData("fifo", Anomaly, 3, 9)]
    [InlineData("fifo", Anomaly, 4, 10)]
    [InlineData("lru", Anomaly, 3, 10)]
    [InlineData("lru", Anomaly, 4, 8)]
    [InlineData("opt", Anomaly, 3, 7)]
    [InlineData("opt", Anomaly, 4, 6)]
    [InlineData("fifo", Concepts, 3, 15)]
    [InlineData("lru", Concepts, 3, 12)]
    [InlineData("opt", Concepts, 3, 9)]
    public void FaultsAreThosePrinted(string policy, string references, int frames, int faults) =>
        Assert.Equal(faults, Run(policy, references, frames).Misses);

    [Fact]
    public void NruPrefersCleanPages()
    {
        ReplacementRun run = Run("nru", "0 1 2", 3);
        run.Write(0);
        run.Write(1);
        run.Reference(3);
        Assert.Equal((true, true, false), (run.IsResident(0), run.IsResident(1), run.IsResident(2)));
    }

    [Fact]
    public void AgingKeepsWhatWasReferencedInMoreRecentTicks()
    {
        var run = new ReplacementRun(ReplacementPolicies.Find("aging")!, 3, new ReplacementTuning(TickEvery: 4, Window: 1));
        foreach (int page in (int[])[0, 1, 2, 2, /* tick */ 0, 0, 0, 0, /* tick */ 1, 1, 1, 1, /* tick */ 3])
        {
            run.Reference(page);
        }
        // Counters: page 0 01x, page 1 10x, page 2 001.
        Assert.Equal((true, true, false), (run.IsResident(0), run.IsResident(1), run.IsResident(2)));
    }

    [Theory]
    [InlineData("working-set")]
    [InlineData("wsclock")]
    public void ADirtyPageOutsideTheWorkingSetIsNotTheFirstToGo(string policy)
    {
        var run = new ReplacementRun(ReplacementPolicies.Find(policy)!, 3, new ReplacementTuning(TickEvery: 100, Window: 5));
        run.Reference(0);
        run.Write(0);
        foreach (int page in (int[])[1, 2, 2, 2, 2, 2, 2, 2, 3])
        {
            run.Reference(page);
        }
        Assert.Equal((true, false, true), (run.IsResident(0), run.IsResident(1), run.IsResident(2)));
        Assert.Equal(policy != "wsclock", run.IsDirty(0));
    }

    /// <summary>A scan longer than memory does not push out what Linux has activated.</summary>
    [Fact]
    public void LinuxKeepsItsActiveListThroughAScan()
    {
        const int Frames = 400, Hot = 100;
        ReplacementRun run = Start("linux", Frames);
        for (int round = 0; round < 20; round++)
        {
            for (int page = 0; page < Hot; page++)
            {
                run.Reference(page);
            }
            for (int page = 0; page < Frames / 4; page++)
            {
                run.Reference(1_000 + round * Frames + page);
            }
        }
        Assert.All(Enumerable.Range(0, Hot), p => Assert.True(run.IsResident(p)));
        for (int page = 0; page < 600; page++)
        {
            run.Reference(100_000 + page);
        }
        Assert.All(Enumerable.Range(0, Hot), p => Assert.True(run.IsResident(p)));
    }

    /// <summary>
    /// mm/workingset.c: a loop that fits in memory, but not in the inactive list beside an active list gone stale, would miss for ever. Its
    /// pages come back within a distance of the active list's size, are activated, and the stale ones leave.
    /// </summary>
    [Fact]
    public void RefaultsDriveOutAStaleActiveList()
    {
        const int Frames = 300, Stale = 150, Loop = 280, Rounds = 50;
        ReplacementRun run = Start("linux", Frames);
        for (int i = 0; i < 10 * Stale; i++)
        {
            run.Reference(i % Stale);
            run.Reference(i % Stale);
            run.Reference(50_000 + i);
        }
        Assert.All(Enumerable.Range(0, Stale), p => Assert.True(run.IsResident(p)));
        long before = run.Misses;
        for (int i = 0; i < Rounds * Loop; i++)
        {
            run.Reference(1_000 + i % Loop);
        }
        Assert.InRange(run.Misses - before, Loop, 4 * Loop);
    }

    private static ReplacementRun Start(string policy, int frames) => new(ReplacementPolicies.Find(policy)!, frames);

    private static ReplacementRun Run(string policy, string references, int frames)
    {
        int[] pages = [.. references.Split(' ').Select(int.Parse)];
        var run = new ReplacementRun(ReplacementPolicies.Find(policy)!, frames, future: new FutureReferences(pages, pages.Max() + 1));
        foreach (int page in pages)
        {
            run.Reference(page);
        }
        return run;
    }
}
