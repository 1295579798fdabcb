namespace Sim.Host.Debugger.Expressions;

/// <summary>Sets of whole numbers as ranges, first and last of each.</summary>
internal static class Ranges
{
    /// <summary>The numbers that compare with a value as wanted.</summary>
    public static (long First, long Last)[] Of(Comparison comparison, long value) => comparison switch
    {
        Comparison.Equal => [(value, value)],
        Comparison.NotEqual => Others([(value, value)]),
        Comparison.Less => value == long.MinValue ? [] : [(long.MinValue, value - 1)],
        Comparison.LessOrEqual => [(long.MinValue, value)],
        Comparison.Greater => value == long.MaxValue ? [] : [(value + 1, long.MaxValue)],
        _ => [(value, long.MaxValue)],
    };

    /// <summary>All numbers that are in none of the ranges.</summary>
    public static (long First, long Last)[] Others((long First, long Last)[] ranges)
    {
        var others = new List<(long, long)>();
        long next = long.MinValue;
        foreach ((long first, long last) in ranges.Order())
        {
            if (first > next)
            {
                others.Add((next, first - 1));
            }
            if (last == long.MaxValue)
            {
                return [.. others];
            }
            next = Math.Max(next, last + 1);
        }
        others.Add((next, long.MaxValue));
        return [.. others];
    }
}
