using Sim.Engine.Events;

namespace Sim.Kernel.Reclaim.Generations;

/// <summary>
/// What comes back after it was evicted, by kind of page and tier, and what that says about whom to evict next: the controller of the
/// multi-generational LRU (mm/vmscan.c, Linux 6.1: <c>read_ctrl_pos</c>, <c>positive_ctrl_err</c>, <c>get_type_to_scan</c>,
/// <c>get_tier_idx</c>, <c>reset_ctrl_pos</c>, without <c>CONFIG_LRU_GEN_STATS</c>). Sourced state.
/// </summary>
/// <remarks>
/// A tier holds the pages that were used through file descriptors 2^(tier-1)+1 to 2^tier times; the first one all others. Counts of the
/// oldest generation (the proportional term) are added to a moving average over the ones before it (the integral term).
/// </remarks>
public sealed class TierControl
{
    /// <summary><c>MAX_NR_TIERS</c>.</summary>
    public const int Tiers = 4;

    /// <summary><c>MIN_LRU_BATCH</c>: fewer refaults than that mean nothing.</summary>
    public const int MinBatchPages = 64;

    private const int Kinds = 2;

    private readonly Tally[] _now = new Tally[Kinds * Tiers];
    private readonly Tally[] _average = new Tally[Kinds * Tiers];

    /// <summary>The tier of a page that was used so many times through file descriptors (<c>lru_tier_from_refs</c>).</summary>
    public static int TierOf(int uses) => uses <= 1 ? 0 : 32 - int.LeadingZeroCount(uses - 1);

    /// <summary>Refaults and pages looked at of the oldest generation.</summary>
    public Tally Now(bool file, int tier) => _now[At(file, tier)];

    /// <summary>The same over the generations before it, each counting half as much as the next.</summary>
    public Tally Average(bool file, int tier) => _average[At(file, tier)];

    /// <summary>The last tier whose pages may be evicted; higher ones are protected.</summary>
    /// <param name="file">Of which kind.</param>
    public int LastTier(bool file)
    {
        // A gain of two leaves a margin: another tier has to be twice as bad before it is protected.
        Position first = Read(file, 0, gain: 1);
        int tier = 1;
        while (tier < Tiers && IsNoWorse(Read(file, tier, gain: 2), first))
        {
            tier++;
        }
        return tier - 1;
    }

    /// <summary>Which kind of page to evict from, when the oldest generations of both are equally old.</summary>
    /// <param name="swappiness">2 to 199.</param>
    /// <returns>The kind, and the last of its tiers to evict from.</returns>
    public (bool File, int LastTier) Choose(int swappiness)
    {
        bool file = IsNoWorse(Read(file: true, 0, 200 - swappiness), Read(file: false, 0, swappiness));
        Position other = Read(!file, 0, file ? swappiness : 200 - swappiness);
        int gain = file ? 200 - swappiness : swappiness, tier = 1;
        while (tier < Tiers && IsNoWorse(Read(file, tier, gain), other))
        {
            tier++;
        }
        return (file, tier - 1);
    }

    /// <summary>Pages were evicted from the oldest generation.</summary>
    internal void Evict(bool file, int tier, long pages = 1) => _now[At(file, tier)].Evicted += pages;

    /// <summary>Pages of the oldest generation were spared for their tier.</summary>
    internal void Protect(bool file, int tier, long pages = 1) => _now[At(file, tier)].Protected += pages;

    /// <summary>Pages came back while the generation they had been evicted from is still the oldest.</summary>
    internal void Refault(bool file, int tier, long pages = 1) => _now[At(file, tier)].Refaulted += pages;

    /// <summary>The oldest generation is done with: what was counted goes into the average.</summary>
    internal void Advance(bool file)
    {
        for (int at = At(file, 0); at < At(file, 0) + Tiers; at++)
        {
            ref Tally average = ref _average[at];
            average.Refaulted = (average.Refaulted + _now[at].Refaulted) / 2;
            average.Evicted = (average.Evicted + _now[at].Total) / 2;
            _now[at] = default;
        }
    }

    internal void HashInto(ref XxHash64 hash)
    {
        foreach (ReadOnlySpan<Tally> tallies in (ReadOnlySpan<Tally[]>)[_now, _average])
        {
            foreach (Tally tally in tallies)
            {
                hash.Add(tally.Refaulted);
                hash.Add(tally.Evicted);
                hash.Add(tally.Protected);
            }
        }
    }

    private static int At(bool file, int tier) => ((file ? 1 : 0) * Tiers) + tier;

    private Position Read(bool file, int tier, int gain)
    {
        int at = At(file, tier);
        return new Position(_average[at].Refaulted + _now[at].Refaulted, _average[at].Total + _now[at].Total, gain);
    }

    /// <summary>Few refaults, or no greater a share of refaults than the set point, each weighed by its gain.</summary>
    private static bool IsNoWorse(Position value, Position setPoint) =>
        value.Refaulted < MinBatchPages
        || (Int128)value.Refaulted * (setPoint.Total + MinBatchPages) * setPoint.Gain <= (Int128)(setPoint.Refaulted + 1) * value.Total * value.Gain;

    private readonly record struct Position(long Refaulted, long Total, int Gain);

    /// <summary>Pages of a tier.</summary>
    public struct Tally
    {
        /// <summary>Came back.</summary>
        public long Refaulted;

        /// <summary>Were evicted; in an average with those protected.</summary>
        public long Evicted;

        /// <summary>Were spared for their tier.</summary>
        public long Protected;

        /// <summary>Were looked at.</summary>
        public readonly long Total => Evicted + Protected;
    }
}
