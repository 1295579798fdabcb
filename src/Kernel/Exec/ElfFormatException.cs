using System.Globalization;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Exec;

/// <summary>A file is no program that this kernel executes. Says what is wrong and at which byte; execve would fail with <see cref="Error"/>.</summary>
public sealed class ElfFormatException(string name, long offsetBytes, string problem, Errno error = Errno.ENOEXEC)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"{name}: byte {offsetBytes}: {problem}."))
{
    /// <summary>The file as the caller named it.</summary>
    public string FileName { get; } = name;

    /// <summary>Where in the file, in bytes from its start.</summary>
    public long OffsetBytes { get; } = offsetBytes;

    /// <summary>What is wrong, without a full stop.</summary>
    public string Problem { get; } = problem;

    /// <summary>What execve returns.</summary>
    public Errno Error { get; } = error;
}
