namespace Sim.Kernel.Tasks;

/// <summary>
/// How much of a CPU a task gets beside others: 1024 for nice 0, a quarter more for each step of nice below and less for each
/// above (kernel/sched/core.c, <c>sched_prio_to_weight</c>, which rounds the same powers of 1.25 by hand).
/// </summary>
public static class TaskWeight
{
    /// <summary>The weight of nice 0, in whose nanoseconds virtual runtime is counted (<c>NICE_0_LOAD</c>).</summary>
    public const int Nice0 = 1024;

    private const int Least = -20, Greatest = 19;

    private static readonly int[] Weights = [.. Enumerable.Range(Least, Greatest - Least + 1).Select(Compute)];

    /// <summary>The weight of a nice value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not −20 to 19.</exception>
    public static int Of(int nice) => nice is >= Least and <= Greatest
        ? Weights[nice - Least]
        : throw new ArgumentOutOfRangeException(nameof(nice), nice, "A nice value is -20 to 19.");

    /// <summary>Virtual runtime of so much time on a CPU, both in nanoseconds (<c>calc_delta_fair</c>).</summary>
    public static long VirtualNs(long ns, int weight) => weight == Nice0 ? ns : (long)((Int128)ns * Nice0 / weight);

    private static int Compute(int nice)
    {
        Int128 numerator = Nice0, denominator = 1;
        for (int step = 0; step < Math.Abs(nice); step++)
        {
            (numerator, denominator) = nice < 0 ? (numerator * 5, denominator * 4) : (numerator * 4, denominator * 5);
        }
        return (int)((numerator + denominator / 2) / denominator);
    }
}
