using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sim.Host.Experiments;

/// <summary>What two runs must share to have the same log.</summary>
/// <param name="ConfigHash">SHA-256 of the configuration that matters, lowercase hexadecimal.</param>
/// <param name="RunId">First 16 bytes of the SHA-256 of <c>configHash/seed/engineVersion</c>, lowercase hexadecimal.</param>
public sealed record ExperimentIdentity(string ConfigHash, string RunId)
{
    /// <summary>The identity of a branch of this configuration: the parent and the branch's place are part of it.</summary>
    public ExperimentIdentity BranchOf(string parentRunId, long sequence)
    {
        string whole = string.Create(CultureInfo.InvariantCulture, $"{RunId}/{parentRunId}@{sequence}");
        return this with { RunId = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(whole)).AsSpan(0, 16)) };
    }

    internal static ExperimentIdentity Of(byte[] configuration, long seed, int engineVersion)
    {
        string configHash = Convert.ToHexStringLower(SHA256.HashData(configuration));
        string whole = string.Create(CultureInfo.InvariantCulture, $"{configHash}/{seed}/{engineVersion}");
        return new ExperimentIdentity(configHash, Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(whole)).AsSpan(0, 16)));
    }
}
