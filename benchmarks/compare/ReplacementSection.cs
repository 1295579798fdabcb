using Sim.Engine.Random;
using Sim.Host.Traces;
using Sim.Kernel.Replacement;

namespace Sim.Compare;

/// <summary>
/// Replacement policies on 10 million references, Zipf-distributed (exponent 1) over a million page numbers, with 100,000 frames; from page
/// numbers to misses. Beside them a dictionary with a linked list, as LRU is usually written, and what libCacheSim makes of such a string.
/// </summary>
internal static class ReplacementSection
{
    private const int Pages = 1_000_000, References = 10_000_000, Frames = 100_000, Rounds = 3;

    /// <summary>What libCacheSim (commit aa0fc40) makes a second, on the development machine and with the trace in memory.</summary>
    private static readonly (string Policy, double PerSecond)[] Peer = [("lru", 5.3e6), ("fifo", 7.8e6), ("clock", 7.1e6), ("arc", 5.0e6)];

    public static IEnumerable<Figure> Run()
    {
        ulong[] trace = Zipf();
        foreach ((string policy, double perSecond) in Peer)
        {
            yield return new Figure($"replacement, {policy}", "references/CPU-s", Median(() => Policy(policy, trace)), "libCacheSim", perSecond, 1);
        }
        yield return new Figure("replacement, lru", "references/CPU-s", Median(() => Policy("lru", trace)), "dictionary and linked list", Median(() => Naive(trace)), 1);
    }

    private static double Median(Func<double> measure) => Enumerable.Range(0, Rounds).Select(_ => measure()).Order().ElementAt(Rounds / 2);

    private static double Policy(string name, ulong[] trace)
    {
        var numbering = new PageNumbering();
        var run = new ReplacementRun(ReplacementPolicies.Find(name)!, Frames);
        double start = ThreadCpu.Seconds;
        foreach (ulong page in trace)
        {
            run.Reference(numbering.HandleOf(page));
        }
        return References / (ThreadCpu.Seconds - start);
    }

    private static double Naive(ulong[] trace)
    {
        var places = new Dictionary<ulong, LinkedListNode<ulong>>();
        var stack = new LinkedList<ulong>();
        double start = ThreadCpu.Seconds;
        foreach (ulong page in trace)
        {
            if (places.TryGetValue(page, out LinkedListNode<ulong>? node))
            {
                stack.Remove(node);
                stack.AddFirst(node);
                continue;
            }
            if (places.Count == Frames)
            {
                places.Remove(stack.Last!.Value);
                stack.RemoveLast();
            }
            places.Add(page, stack.AddFirst(page));
        }
        return References / (ThreadCpu.Seconds - start);
    }

    /// <summary>Page numbers by rank, ranks scattered so that popular pages are not neighbours.</summary>
    private static ulong[] Zipf()
    {
        var random = new RandomStream(1, "zipf");
        double[] sums = new double[Pages];
        double sum = 0;
        for (int rank = 0; rank < Pages; rank++)
        {
            sums[rank] = sum += 1.0 / (rank + 1);
        }
        ulong[] trace = new ulong[References];
        for (int i = 0; i < References; i++)
        {
            int rank = Array.BinarySearch(sums, random.NextUInt64() / (double)ulong.MaxValue * sum);
            trace[i] = (ulong)(rank < 0 ? ~rank : rank) * 7_919 % 1_000_003;
        }
        return trace;
    }
}
