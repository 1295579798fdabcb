namespace Sim.Kernel.Replacement;

/// <summary>The policies there are.</summary>
public static class ReplacementPolicies
{
    /// <summary>All of them, in the order of a textbook: those that a kernel could run first.</summary>
    public static IReadOnlyList<PolicyDescription> All { get; } =
    [
        new("fifo", "first in, first out", _ => new FifoPolicy()),
        new("second-chance", "FIFO that spares a referenced page once", s => new SecondChancePolicy(s.Activity)) { Aliases = ["2nd-chance"] },
        new("clock", "the same without moving pages (Corbató 1968)", s => new ClockPolicy(s.Activity)),
        new("nru", "not recently used: four classes", s => new NruPolicy(s.Activity)),
        new("aging", "8-bit counters of accessed bits", s => new AgingPolicy(s.Activity)),
        new("working-set", "what left the working set (Denning 1968)", s => new WorkingSetPolicy(s.Activity, s.Window)) { Aliases = ["ws"] },
        new("wsclock", "the same with a clock's hand (Carr and Hennessy 1981)", s => new WsClockPolicy(s.Activity, s.Window)),
        new("sieve", "clock that leaves pages in place (Zhang 2024)", s => new SievePolicy(s.Activity)),
        new("linux", "Linux 6.1's active and inactive lists with refault distance", s => new LinuxTwoListPolicy(s.Activity))
        {
            Aliases = ["linux-two-list", "two-list"],
            FaultSetsAccessed = true,
        },
        new("mglru", "Linux 6.1's multi-generational LRU", s => new MultiGenLruPolicy(s.Activity))
        {
            Aliases = ["multi-gen-lru"],
            FaultSetsAccessed = true,
        },
        new("lru", "least recently used", _ => new LruPolicy()) { Oracle = true },
        new("mru", "most recently used", _ => new MruPolicy()) { Oracle = true },
        new("clock2", "clock with a 2-bit counter", _ => new CountingClockPolicy()) { Aliases = ["gclock"], Oracle = true },
        new("lfu", "least frequently used since it came in", s => new LfuPolicy(s.Frames)) { Oracle = true },
        new("slru", "four LRU segments (Karedla 1994)", s => new SegmentedLruPolicy(s.Frames)) { Oracle = true },
        new("2q", "a FIFO in front of an LRU list (Johnson and Shasha 1994)", s => new TwoQPolicy(s.Frames)) { Aliases = ["twoq"], Oracle = true },
        new("lirs", "by distance between references (Jiang and Zhang 2002)", s => new LirsPolicy(s.Frames)) { Oracle = true },
        new("arc", "adaptive replacement (Megiddo and Modha 2003)", s => new ArcPolicy(s.Frames)) { Oracle = true },
        new("w-tinylfu", "a window and admission by frequency (Einziger 2017)", s => new WTinyLfuPolicy(s.Frames)) { Oracle = true },
        new("s3-fifo", "three FIFO queues (Yang 2023)", s => new S3FifoPolicy(s.Frames)) { Oracle = true },
        new("opt", "the page wanted latest (Belady 1966)", s => new OptPolicy(s.Frames, s.Future ?? throw new ArgumentException("OPT needs the references to come.", nameof(s))))
        {
            Aliases = ["belady", "min", "optimal"],
            Oracle = true,
            NeedsFuture = true,
        },
    ];

    /// <summary>Finds a policy by name or alias; case, hyphens and underscores do not matter.</summary>
    /// <param name="name">What someone wrote.</param>
    /// <returns>It, or null.</returns>
    public static PolicyDescription? Find(string name)
    {
        string wanted = Plain(name);
        return All.FirstOrDefault(p => Plain(p.Name) == wanted || p.Aliases.Any(a => Plain(a) == wanted));
    }

    private static string Plain(string name) =>
        name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
}
