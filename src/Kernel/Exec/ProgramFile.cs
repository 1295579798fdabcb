namespace Sim.Kernel.Exec;

/// <summary>A program's file, opened for execution.</summary>
/// <param name="Name">Its path: the name of its areas.</param>
/// <param name="Image">Its headers.</param>
public sealed record ProgramFile(string Name, ElfImage Image);

/// <summary>Where execve finds a program's file and its interpreter.</summary>
public interface IProgramFiles
{
    /// <summary>The file of a path; null when there is none (ENOENT).</summary>
    /// <exception cref="ElfFormatException">The file is no program.</exception>
    ProgramFile? Open(string path);
}
