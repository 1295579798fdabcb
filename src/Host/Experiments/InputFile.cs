using System.Security.Cryptography;
using Sim.Host.Captures;
using Sim.Host.Traces;

namespace Sim.Host.Experiments;

/// <summary>
/// A file an experiment reads, such as a trace. Written as a path relative to the experiment file; the effective
/// configuration has it in full. Its content, not its path, is part of the configuration hash.
/// </summary>
public readonly record struct InputFile(string Path)
{
    /// <summary>SHA-256 of the content, lowercase hexadecimal: of a trace the hash it carries, whatever its compression; else of the bytes.</summary>
    /// <exception cref="ExperimentException">It cannot be read.</exception>
    public string ContentHash()
    {
        try
        {
            using FileStream file = File.OpenRead(Path);
            Span<byte> magic = stackalloc byte[8];
            if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("SIMTRACE"u8))
            {
                using var trace = TraceReader.Open(Path, readAhead: false);
                return trace.Header.ContentHashHex;
            }
            if (magic.SequenceEqual(ImportedCapture.Magic))
            {
                return ImportedCapture.ReadHeader(Path).ContentHashHex;
            }
            file.Position = 0;
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (TraceFormatException e)
        {
            throw new ExperimentException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ExperimentException($"The input file {Path} cannot be read: {e.Message} Check the path in the experiment file.", e);
        }
    }

    public override string ToString() => Path;
}
