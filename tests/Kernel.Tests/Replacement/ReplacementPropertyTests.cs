using Sim.Engine.Random;
using Sim.Kernel.Replacement;

namespace Sim.Kernel.Tests.Replacement;

/// <summary>What holds for every policy on every reference string.</summary>
public sealed class ReplacementPropertyTests
{
    private const int Seeds = 40;

    public static TheoryData<string> Policies => [.. ReplacementPolicies.All.Select(p => p.Name)];

    /// <summary>Belady 1966: no policy that loads on demand faults less than OPT.</summary>
    [Theory]
    [MemberData(nameof(Policies))]
    public void OptIsALowerBound(string name)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (int[] references, int pages, int frames) = Case(seed);
            Assert.InRange(Misses(name, references, frames), Misses("opt", references, frames), references.Length);
            Assert.InRange(Misses("opt", references, frames), references.Distinct().Count(), pages + references.Length);
        }
    }

    /// <summary>With a frame for every page only first references fault.</summary>
    [Theory]
    [MemberData(nameof(Policies))]
    public void EnoughFramesLoadEachPageOnce(string name)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (int[] references, int pages, _) = Case(seed);
            Assert.Equal(references.Distinct().Count(), Misses(name, references, pages));
        }
    }

    /// <summary>Frames are never overdrawn, the victim was resident (the run checks it), the page referenced last stays.</summary>
    [Theory]
    [MemberData(nameof(Policies))]
    public void PagesComeAndGoOneByOne(string name)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (int[] references, int pages, int frames) = Case(seed);
            ReplacementRun run = Start(name, references, frames);
            var resident = new HashSet<int>();
            foreach (int page in references)
            {
                bool hit = run.Reference(page);
                Assert.Equal(resident.Contains(page), hit);
                if (!hit)
                {
                    resident.RemoveWhere(p => !run.IsResident(p));
                    Assert.True(resident.Add(page));
                }
                Assert.True(run.IsResident(page));
                Assert.Equal(resident.Count, run.Used);
                Assert.InRange(run.Used, 1, frames);
            }
            Assert.Equal(references.Length, run.Hits + run.Misses);
            Assert.Equal(resident.Order(), Enumerable.Range(0, pages).Where(run.IsResident));
        }
    }

    /// <summary>Pages that are unmapped in between leave nothing behind that a policy could choose.</summary>
    [Theory]
    [MemberData(nameof(Policies))]
    public void DiscardedPagesAreForgotten(string name)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (int[] references, int pages, int frames) = Case(seed);
            ReplacementRun run = Start(name, references, frames);
            var random = new RandomStream((ulong)seed, "discard");
            foreach (int page in references)
            {
                run.Reference(page);
                if (random.NextBelow(7) == 0)
                {
                    int gone = (int)random.NextBelow((ulong)pages);
                    run.Discard(gone);
                    Assert.False(run.IsResident(gone));
                }
                Assert.Equal(Enumerable.Range(0, pages).Count(run.IsResident), run.Used);
                Assert.InRange(run.Used, 0, frames);
            }
        }
    }

    /// <summary>Mattson et al. 1970: what fewer frames hold, more frames hold too, at every moment.</summary>
    [Theory]
    [InlineData("lru")]
    [InlineData("opt")]
    public void AStackAlgorithmHoldsMoreWithMoreFrames(string name)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (int[] references, int pages, int frames) = Case(seed);
            ReplacementRun fewer = Start(name, references, frames);
            ReplacementRun more = Start(name, references, frames + 1);
            foreach (int page in references)
            {
                fewer.Reference(page);
                more.Reference(page);
                Assert.DoesNotContain(Enumerable.Range(0, pages), p => fewer.IsResident(p) && !more.IsResident(p));
            }
        }
    }

    [Fact]
    public void SecondChanceAndClockAreTheSame()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (int[] references, _, int frames) = Case(seed);
            ReplacementRun queue = Start("second-chance", references, frames);
            ReplacementRun clock = Start("clock", references, frames);
            Assert.All(references, page => Assert.Equal(queue.Reference(page), clock.Reference(page)));
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void ARunIsRepeatable(string name)
    {
        (int[] references, _, int frames) = Case(3);
        Assert.Equal(Misses(name, references, frames), Misses(name, references, frames));
    }

    private static (int[] References, int Pages, int Frames) Case(int seed)
    {
        int pages = 2 + seed * 5 % 97;
        return (RandomReferences.Make(seed, 1_000, pages), pages, 1 + seed * 7 % pages);
    }

    private static long Misses(string name, int[] references, int frames)
    {
        ReplacementRun run = Start(name, references, frames);
        foreach (int page in references)
        {
            run.Reference(page);
        }
        return run.Misses;
    }

    private static ReplacementRun Start(string name, int[] references, int frames) =>
        new(ReplacementPolicies.Find(name)!, frames, future: new FutureReferences(references, references.Max() + 1));
}
