using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sim.Engine.Log;

/// <summary>
/// A link of the log's chain: H₀ is 32 zero bytes, Hᵢ = SHA-256(Hᵢ₋₁ ‖ raw payload of block i). It does not depend on
/// the codec or on segments, so equal last hashes mean equal runs.
/// </summary>
[InlineArray(Size)]
public struct ChainHash : IEquatable<ChainHash>
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    private byte _first;

    /// <summary>H₀, before the first block.</summary>
    public static ChainHash Zero => default;

    /// <summary>The link after a block.</summary>
    public static ChainHash After(ChainHash previous, ReadOnlySpan<byte> rawPayload)
    {
        using var hasher = new ChainHasher();
        return hasher.Next(previous, rawPayload);
    }

    /// <summary>Reads a hash from its 32 bytes.</summary>
    public static ChainHash Read(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<ChainHash>(bytes);

    /// <summary>Writes the 32 bytes.</summary>
    public readonly void CopyTo(Span<byte> destination) => ((ReadOnlySpan<byte>)this).CopyTo(destination);

    public readonly bool Equals(ChainHash other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

    public override readonly bool Equals(object? obj) => obj is ChainHash other && Equals(other);

    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(this);

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override readonly string ToString() => Convert.ToHexStringLower(this);

    public static bool operator ==(ChainHash left, ChainHash right) => left.Equals(right);

    public static bool operator !=(ChainHash left, ChainHash right) => !left.Equals(right);
}
