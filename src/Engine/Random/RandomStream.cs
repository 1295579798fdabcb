using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using Sim.Engine.Events;

namespace Sim.Engine.Random;

/// <summary>
/// A named stream of random numbers: xoshiro256** (Blackman and Vigna, 2018), seeded by hashing the run's seed and the
/// stream's name, so that streams are independent of each other and of the order in which they are made.
/// The state is four words and is part of a snapshot.
/// </summary>
public sealed class RandomStream
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Derives the stream called <paramref name="name"/> from the run's seed.</summary>
    public RandomStream(ulong rootSeed, string name)
    {
        Name = name;
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        ulong x = XxHash64.Hash(utf8, rootSeed);
        _s0 = SplitMix(ref x);
        _s1 = SplitMix(ref x);
        _s2 = SplitMix(ref x);
        _s3 = SplitMix(ref x);
    }

    /// <summary>The stream's name; unique within a run.</summary>
    public string Name { get; }

    /// <summary>The generator's four words, for a snapshot.</summary>
    public (ulong S0, ulong S1, ulong S2, ulong S3) State
    {
        get => (_s0, _s1, _s2, _s3);
        set => (_s0, _s1, _s2, _s3) = value;
    }

    /// <summary>64 random bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number in [0, bound), unbiased enough for any bound below 2^32 (bias &lt; 2^-32): the high half of a 64×64 product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong NextBelow(ulong bound) => Math.BigMul(NextUInt64(), bound, out _);

    /// <summary>True with probability <paramref name="parts"/>/<paramref name="whole"/>.</summary>
    public bool NextChance(ulong parts, ulong whole) => NextBelow(whole) < parts;

    private static ulong SplitMix(ref ulong x)
    {
        ulong z = x += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
