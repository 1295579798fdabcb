namespace Sim.Kernel.Replacement;

/// <summary>How the pages of a limited cgroup are chosen that go.</summary>
public enum PagePolicy : byte
{
    /// <summary>The kernel's own lists.</summary>
    Linux,
    Mglru,
    Fifo,
    SecondChance,
    Clock,
    Nru,
    Aging,
    WorkingSet,
    WsClock,
    Sieve,

    /// <summary>Least recently used by all references: an oracle.</summary>
    LruOracle,

    /// <summary>Wanted latest: an oracle.</summary>
    OptOracle,
}

/// <summary>What the choices mean.</summary>
public static class PagePolicies
{
    /// <summary>The policy behind a choice.</summary>
    /// <exception cref="ArgumentException">It is the kernel's own lists, or an oracle that <see cref="ReplacementPolicies"/> does not make for pages of a machine.</exception>
    public static PolicyDescription Describe(PagePolicy policy) =>
        ReplacementPolicies.Find(policy.ToString()) is { Oracle: false } found && policy != PagePolicy.Linux
            ? found
            : throw new ArgumentException($"{policy} is none of the policies that see accessed bits.", nameof(policy));

    /// <summary>Whether a choice needs to know all references.</summary>
    public static bool IsOracle(PagePolicy policy) => policy >= PagePolicy.LruOracle;
}
