using Sim.Host.Workloads;

namespace Sim.Host.Tests.Workloads;

public class MovedBlocksTests
{
    [Fact]
    public void AFrameIsFound_WhereverItHasGone_AndItsOldNumberMayBeUsedAgain()
    {
        var moved = new MovedBlocks(128);
        Assert.Equal(0, moved.Add(10));
        moved.Migrated(10, 90);
        moved.Migrated(90, 100);
        // Number 10 is handed out again while the frame that had it is still in use.
        int tag = moved.Add(10);
        Assert.NotEqual(0, tag);
        moved.Migrated(10, 91);
        Assert.Equal(100, moved.Take(10, 0));
        Assert.Equal(91, moved.Take(10, tag));
        Assert.Equal(0, moved.Count);
        Assert.Equal(0, moved.Add(10));
        Assert.Equal(10, moved.Take(10, 0));
        Assert.Equal(3, moved.Moves);
    }

    [Fact]
    public void AFrameThatComesBack_IsForgotten()
    {
        var moved = new MovedBlocks(128);
        moved.Migrated(64, 5);
        moved.Migrated(5, 64);
        Assert.Equal(0, moved.Count);
        Assert.Equal(64, moved.Take(64, 0));
    }
}
