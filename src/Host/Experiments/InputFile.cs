using System.Security.Cryptography;

namespace Sim.Host.Experiments;

/// <summary>
/// A file an experiment reads, such as a trace. Written as a path relative to the experiment file; the effective
/// configuration has it in full. Its content, not its path, is part of the configuration hash.
/// </summary>
public readonly record struct InputFile(string Path)
{
    /// <summary>SHA-256 of the content, lowercase hexadecimal.</summary>
    /// <exception cref="ExperimentException">It cannot be read.</exception>
    public string ContentHash()
    {
        try
        {
            using FileStream file = File.OpenRead(Path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ExperimentException($"The input file {Path} cannot be read: {e.Message} Check the path in the experiment file.", e);
        }
    }

    public override string ToString() => Path;
}
