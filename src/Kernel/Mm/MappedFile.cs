namespace Sim.Kernel.Mm;

/// <summary>An open file as mmap sees it.</summary>
/// <param name="Symbol">The file's name as a symbol of the journal; 0 for no file.</param>
/// <param name="Readable">Open for reading.</param>
/// <param name="Writable">Open for writing.</param>
public readonly record struct MappedFile(int Symbol, bool Readable = true, bool Writable = false)
{
    /// <summary>No file: anonymous memory.</summary>
    public static MappedFile None => default;
}
