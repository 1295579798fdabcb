using Sim.Engine.Random;

namespace Sim.Kernel.Tests.Replacement;

/// <summary>Reference strings with some locality: a hot set, a loop, and pages at large, by a seed.</summary>
internal static class RandomReferences
{
    public static int[] Make(int seed, int length, int pages)
    {
        var random = new RandomStream((ulong)seed, "references");
        int[] references = new int[length];
        int loop = 0;
        for (int i = 0; i < length; i++)
        {
            references[i] = random.NextBelow(10) switch
            {
                < 5 => (int)random.NextBelow((ulong)Math.Max(1, pages / 8)),
                < 7 => loop++ % Math.Max(1, pages / 2),
                _ => (int)random.NextBelow((ulong)pages),
            };
        }
        return references;
    }
}
