namespace Sim.Kernel.Exec;

/// <summary>Width of an ELF file's words (<c>EI_CLASS</c>).</summary>
public enum ElfClass : byte
{
    Elf32 = 1,
    Elf64 = 2,
}

/// <summary>Kind of ELF file (<c>e_type</c>); the kernel executes the two named here.</summary>
public enum ElfType : ushort
{
    /// <summary>Linked for certain addresses (<c>ET_EXEC</c>).</summary>
    Executable = 2,

    /// <summary>Runs anywhere: a position-independent program, a loader or a library (<c>ET_DYN</c>).</summary>
    Dynamic = 3,
}

/// <summary>Processor an ELF file is for (<c>e_machine</c>).</summary>
public enum ElfMachine : ushort
{
    I386 = 3,
    I486 = 6,
    X86_64 = 62,
}

/// <summary>What a program header describes (<c>p_type</c>); the kernel looks at those named here.</summary>
public enum ElfSegmentType : uint
{
    /// <summary>Bytes to map (PT_LOAD).</summary>
    Load = 1,

    /// <summary>Tables for the dynamic loader (PT_DYNAMIC).</summary>
    Dynamic = 2,

    /// <summary>Path of the dynamic loader (PT_INTERP).</summary>
    Interpreter = 3,

    /// <summary>Notes (PT_NOTE).</summary>
    Note = 4,

    /// <summary>The program headers themselves (PT_PHDR).</summary>
    ProgramHeaders = 6,

    /// <summary>Thread-local storage (PT_TLS).</summary>
    Tls = 7,

    /// <summary>Unwind tables (PT_GNU_EH_FRAME).</summary>
    GnuEhFrame = 0x6474e550,

    /// <summary>Rights of the stack (PT_GNU_STACK).</summary>
    GnuStack = 0x6474e551,

    /// <summary>What the loader makes read-only after relocation (PT_GNU_RELRO).</summary>
    GnuRelro = 0x6474e552,

    /// <summary>Processor features (PT_GNU_PROPERTY).</summary>
    GnuProperty = 0x6474e553,
}

/// <summary>Rights of a segment (<c>p_flags</c>).</summary>
[Flags]
public enum ElfSegmentFlags : uint
{
    None = 0,
    Exec = 1,
    Write = 2,
    Read = 4,
}
