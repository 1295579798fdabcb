using FsCheck;
using FsCheck.Fluent;
using Sim.Kernel.Vmalloc;

namespace Sim.Kernel.Tests.Vmalloc;

/// <summary>The tree of free ranges against a sorted list that is searched from its beginning.</summary>
public sealed class VmapAreaTreeTests
{
    private const ulong PageBytes = 4096, Start = 64, End = 64 + 4096;

    /// <summary>Whatever is taken and given back, single pages' alignment gets the lowest range that fits, and the tree keeps its form.</summary>
    [Fact]
    public void The_lowest_range_that_fits_is_found()
    {
        Prop.ForAll(Gen.Choose(1, int.MaxValue).ToArbitrary(), seed => Run(seed, aligned: false)).QuickCheckThrowOnFailure();
    }

    /// <summary>
    /// With a larger alignment what is found fits, and nothing is missed that would fit at the worst alignment
    /// (<c>find_vmap_lowest_match</c> passes over subtrees in which nothing is that large).
    /// </summary>
    [Fact]
    public void An_aligned_range_fits_and_is_not_above_the_lowest_that_fits_in_any_case()
    {
        Prop.ForAll(Gen.Choose(1, int.MaxValue).ToArbitrary(), seed => Run(seed, aligned: true)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Ranges_that_touch_become_one()
    {
        var tree = new VmapAreaTree();
        var released = new List<long>();
        tree.MergeOrAdd(0x1000, 0x2000, 1, released);
        tree.MergeOrAdd(0x3000, 0x4000, 2, released);
        Assert.Empty(released);
        tree.MergeOrAdd(0x2000, 0x3000, 3, released);
        Assert.Equal([3, 2], released);
        Assert.Equal((0x1000UL, 0x4000UL, 1L, 1), (tree.Start(tree.First()), tree.End(tree.First()), tree.ObjectOf(tree.First()), tree.Count));
    }

    [Fact]
    public void A_piece_from_the_middle_leaves_two_ranges_and_takes_the_spare_description()
    {
        var tree = new VmapAreaTree();
        int all = tree.Insert(0x1000, 0x9000, 7, 0);
        Assert.True(tree.Carve(all, 0x4000, 0x1000, 8, out long released));
        Assert.Equal((0L, 2, null), (released, tree.Count, tree.Violation()));
        Assert.Equal((0x1000UL, 0x4000UL, 8L), (tree.Start(tree.First()), tree.End(tree.First()), tree.ObjectOf(tree.First())));
        Assert.False(tree.Carve(tree.First(), 0x1000, 0x3000, 9, out released));
        Assert.Equal((8L, 1), (released, tree.Count));
    }

    [Fact]
    public void Ranges_that_overlap_are_refused() =>
        Assert.Throws<InvalidOperationException>(() =>
        {
            var tree = new VmapAreaTree();
            tree.Insert(0x1000, 0x3000, 0, 0);
            tree.Insert(0x2000, 0x4000, 0, 0);
        });

    private static void Run(int seed, bool aligned)
    {
        var random = new Random(seed);
        var tree = new VmapAreaTree();
        var free = new List<(ulong Start, ulong End)> { (Start * PageBytes, End * PageBytes) };
        var taken = new List<(ulong Start, ulong End)>();
        tree.Insert(Start * PageBytes, End * PageBytes, 0, 0);
        for (int step = 0; step < 400; step++)
        {
            if (taken.Count > 0 && random.Next(100) < 45)
            {
                int which = random.Next(taken.Count);
                (ulong start, ulong end) = taken[which];
                taken.RemoveAt(which);
                tree.MergeOrAdd(start, end, 0, []);
                Return(free, start, end);
            }
            else
            {
                ulong size = (ulong)random.Next(1, 60) * PageBytes, align = aligned ? PageBytes << random.Next(6) : 1;
                ulong from = (ulong)random.Next((int)Start, (int)Start + 100) * PageBytes;
                int node = tree.FindFit(size, align, from, exact: false);
                ulong? sure = Lowest(free, size + (aligned && align > PageBytes ? align - 1 : 0), 1, from), lowest = Lowest(free, size, align, from);
                if (node == 0)
                {
                    Assert.Null(sure);
                    continue;
                }
                ulong at = tree.Place(node, align, from);
                Assert.True(at % align == 0 && at >= from && at + size <= tree.End(node));
                Assert.True(at >= lowest!.Value);
                if (align <= PageBytes)
                {
                    Assert.Equal(lowest, at);
                }
                else if (sure is { } bound)
                {
                    Assert.True(at <= Up(bound, align));
                }
                tree.Carve(node, at, size, 0, out _);
                Take(free, at, at + size);
                taken.Add((at, at + size));
            }
            Assert.Null(tree.Violation());
        }
        Assert.Equal(free, Ranges(tree));
    }

    private static ulong? Lowest(List<(ulong Start, ulong End)> free, ulong size, ulong align, ulong from)
    {
        foreach ((ulong start, ulong end) in free)
        {
            ulong at = Up(Math.Max(start, from), align);
            if (at + size <= end)
            {
                return at;
            }
        }
        return null;
    }

    private static void Take(List<(ulong Start, ulong End)> free, ulong start, ulong end)
    {
        int i = free.FindIndex(f => f.Start <= start && f.End >= end);
        (ulong first, ulong last) = free[i];
        free.RemoveAt(i);
        if (last > end)
        {
            free.Insert(i, (end, last));
        }
        if (first < start)
        {
            free.Insert(i, (first, start));
        }
    }

    private static void Return(List<(ulong Start, ulong End)> free, ulong start, ulong end)
    {
        int i = free.FindIndex(f => f.Start >= end);
        i = i < 0 ? free.Count : i;
        free.Insert(i, (start, end));
        if (i + 1 < free.Count && free[i + 1].Start == end)
        {
            free[i] = (start, free[i + 1].End);
            free.RemoveAt(i + 1);
        }
        if (i > 0 && free[i - 1].End == start)
        {
            free[i - 1] = (free[i - 1].Start, free[i].End);
            free.RemoveAt(i);
        }
    }

    private static List<(ulong Start, ulong End)> Ranges(VmapAreaTree tree)
    {
        var ranges = new List<(ulong, ulong)>();
        for (int node = tree.First(); node != 0; node = tree.Next(node))
        {
            ranges.Add((tree.Start(node), tree.End(node)));
        }
        return ranges;
    }

    private static ulong Up(ulong address, ulong align) => (address + align - 1) / align * align;
}
