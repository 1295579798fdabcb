namespace Sim.Kernel.Boot;

/// <summary>A kernel's boot log cannot be read as one. Exit code 3.</summary>
/// <param name="file">Where the log came from.</param>
/// <param name="line">Line number, from 1.</param>
/// <param name="what">What is wrong.</param>
public sealed class BootLogException(string file, int line, string what) : Exception($"{file}:{line}: {what}.")
{
    /// <summary>Where the log came from.</summary>
    public string File { get; } = file;

    /// <summary>Line number, from 1.</summary>
    public int Line { get; } = line;
}
