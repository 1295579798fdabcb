namespace Sim.Shims.Tests.Parquet;

/// <summary>Kinds of number sequences that take different ways through the encoders.</summary>
public enum Shape
{
    Constant,
    Counter,
    Times,
    FewValues,
    LongRuns,
    FewFarApart,
    SmallNoise,
    WideNoise,
    Extremes,
}

/// <summary>Reproducible sequences by shape, length and seed.</summary>
internal static class Shapes
{
    public static long[] Longs(Shape shape, int length, int seed = 1)
    {
        var random = new Random(seed);
        long[] values = new long[length];
        long current = random.Next(1000);
        for (int i = 0; i < length; i++)
        {
            current = shape switch
            {
                Shape.Constant => current,
                Shape.Counter => current + 1,
                Shape.Times => current + random.Next(20, 2000),
                Shape.FewValues => random.Next(11),
                Shape.LongRuns => random.Next(100) == 0 ? random.Next(64) : current,
                Shape.FewFarApart => (random.Next(9) - 4) * 1_234_567_890_123L,
                Shape.SmallNoise => random.Next(-500_000, 500_000),
                Shape.WideNoise => random.NextInt64(long.MinValue, long.MaxValue),
                _ => random.Next(5) switch { 0 => long.MinValue, 1 => long.MaxValue, 2 => -1, 3 => int.MinValue, _ => 0 },
            };
            values[i] = current;
        }

        return values;
    }

    public static int[] Ints(Shape shape, int length, int seed = 1) =>
        Array.ConvertAll(Longs(shape, length, seed), value => shape == Shape.Extremes && value is long.MinValue or long.MaxValue
            ? value < 0 ? int.MinValue : int.MaxValue
            : unchecked((int)value));

    public static double[] Doubles(Shape shape, int length, int seed = 1) =>
        Array.ConvertAll(Longs(shape, length, seed), value => shape == Shape.WideNoise ? BitConverter.Int64BitsToDouble(value) : value / 8.0);

    public static bool[] Bools(Shape shape, int length, int seed = 1) =>
        Array.ConvertAll(Longs(shape, length, seed), value => (value & 1) != 0);

    public static string[] Strings(Shape shape, int length, int seed = 1) =>
        Array.ConvertAll(Longs(shape, length, seed), value => value % 7 == 0 ? "žluťoučký 🐎 " + value : value % 11 == 0 ? string.Empty : "node-" + value);

    /// <summary>Every seventh or so value taken out.</summary>
    public static T?[] WithNulls<T>(T[] values, int seed = 1)
        where T : struct
    {
        var random = new Random(seed);
        return Array.ConvertAll(values, value => random.Next(7) == 0 ? (T?)null : value);
    }

    /// <inheritdoc cref="WithNulls{T}(T[], int)"/>
    public static string?[] StringsWithNulls(string[] values, int seed = 1)
    {
        var random = new Random(seed);
        return Array.ConvertAll(values, value => random.Next(7) == 0 ? null : value);
    }
}
