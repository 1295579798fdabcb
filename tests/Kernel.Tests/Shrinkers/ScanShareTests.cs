using FsCheck;
using FsCheck.Fluent;
using Sim.Kernel.Shrinkers;

namespace Sim.Kernel.Tests.Shrinkers;

public class ScanShareTests
{
    /// <summary>
    /// Nothing is lost: whatever the walks, what shares added is either looked at or put off, as long as that is not more than twice what
    /// there is; and nothing is looked at twice for one share.
    /// </summary>
    [Fact]
    public void SharesAreLookedAtOrPutOff() =>
        Prop.ForAll<ushort, byte[]>(IsLookedAtOrPutOff).QuickCheckThrowOnFailure();

    private static bool IsLookedAtOrPutOff(ushort objects, byte[] priorities)
    {
        long freeable = objects + 1L, deferred = 0, shares = 0, looked = 0;
        bool capped = false;
        foreach (byte b in priorities)
        {
            int priority = b % 13;
            long delta = ScanShare.Delta(freeable, ScanShare.DefaultSeeks, priority);
            long total = ScanShare.Total(freeable, deferred, delta, priority), scanned = 0;
            while (ScanShare.IsWorthwhile(total, ScanShare.DefaultBatchObjects, freeable))
            {
                long call = Math.Min(total, ScanShare.DefaultBatchObjects);
                (total, scanned) = (total - call, scanned + call);
                if (call == 0)
                {
                    return false;
                }
            }
            capped |= deferred + delta - scanned > 2 * freeable;
            deferred = ScanShare.Deferred(freeable, deferred, delta, scanned);
            (shares, looked) = (shares + delta, looked + scanned);
            if (scanned > 2 * freeable || deferred < 0 || deferred > 2 * freeable)
            {
                return false;
            }
        }
        return capped ? looked + deferred <= shares : looked + deferred == shares;
    }

    /// <summary>A small cache is left alone until reclaim gets harder.</summary>
    [Fact]
    public void ASmallCacheHasItsTurnWhenReclaimGetsHarder()
    {
        const long freeable = 20_000;
        long deferred = 0;
        int walks = 0;
        for (long total = 0; !ScanShare.IsWorthwhile(total, ScanShare.DefaultBatchObjects, freeable); walks++)
        {
            // Priority rises as long as reclaim is in vain.
            int priority = Math.Max(0, 12 - walks);
            long delta = ScanShare.Delta(freeable, ScanShare.DefaultSeeks, priority);
            total = ScanShare.Total(freeable, deferred, delta, priority);
            deferred = ScanShare.Deferred(freeable, deferred, delta, 0);
        }
        // The shares are 8, 18, 38, 78 and, at priority 8, 156: the first that is a batch.
        Assert.Equal(5, walks);
        Assert.Equal(8 + 18 + 38 + 78 + 156, deferred);
    }

    [Fact]
    public void ObjectsThatCostNothingLoseHalf() => Assert.Equal(500, ScanShare.Delta(1_000, seeks: 0, priority: 12));
}
