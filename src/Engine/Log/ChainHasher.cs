using System.Security.Cryptography;

namespace Sim.Engine.Log;

/// <summary>Computes the chain block by block, without allocating.</summary>
internal sealed class ChainHasher : IDisposable
{
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The link after a block.</summary>
    public ChainHash Next(ChainHash previous, ReadOnlySpan<byte> rawPayload)
    {
        _sha256.AppendData(previous);
        _sha256.AppendData(rawPayload);
        ChainHash next = default;
        _sha256.GetHashAndReset(next);
        return next;
    }

    public void Dispose() => _sha256.Dispose();
}
