namespace Sim.Kernel.Mm;

/// <summary>Flags of mremap, with the values of the system call interface.</summary>
[Flags]
public enum RemapFlags
{
    None = 0,

    /// <summary>The mapping may go elsewhere.</summary>
    MayMove = 1,

    /// <summary>It goes exactly to the new address; what is mapped there is unmapped first.</summary>
    Fixed = 2,

    /// <summary>The old range stays mapped, without its pages.</summary>
    DontUnmap = 4,
}
