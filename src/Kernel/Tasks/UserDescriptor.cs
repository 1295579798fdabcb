using Sim.Hardware.Segmentation;

namespace Sim.Kernel.Tasks;

/// <summary>What a program says of a segment (<c>struct user_desc</c>, arch/x86/include/uapi/asm/ldt.h).</summary>
/// <param name="EntryNumber">Entry of the table; -1 lets set_thread_area choose.</param>
/// <param name="BaseAddress">Linear address of offset 0.</param>
/// <param name="Limit">Greatest offset, in bytes or pages; 20 bits count.</param>
public readonly record struct UserDescriptor(int EntryNumber, uint BaseAddress, uint Limit)
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int Bytes = 16;

    /// <summary>D/B: a segment of 32 bits (<c>seg_32bit</c>).</summary>
    public bool Seg32Bit { get; init; }

    /// <summary>0 data, 1 data that grows down, 2 code, 3 conforming code (<c>contents</c>).</summary>
    public int Contents { get; init; }

    /// <summary>Data that cannot be written, code that cannot be read (<c>read_exec_only</c>).</summary>
    public bool ReadExecOnly { get; init; }

    /// <summary>The limit counts pages (<c>limit_in_pages</c>).</summary>
    public bool LimitInPages { get; init; }

    /// <summary>Not present (<c>seg_not_present</c>).</summary>
    public bool SegNotPresent { get; init; }

    /// <summary>AVL, of no meaning to the CPU (<c>useable</c>).</summary>
    public bool Useable { get; init; }

    /// <summary>All zero but the entry's number (<c>LDT_zero</c>).</summary>
    public bool IsZero => BaseAddress == 0 && Limit == 0 && !Seg32Bit && Contents == 0 && !ReadExecOnly && !LimitInPages && !SegNotPresent && !Useable;

    /// <summary>The way to say that there is no segment (<c>LDT_empty</c>).</summary>
    public bool IsEmpty => BaseAddress == 0 && Limit == 0 && !Seg32Bit && Contents == 0 && ReadExecOnly && !LimitInPages && SegNotPresent && !Useable;

    /// <summary>The descriptor: accessed, of user privilege (<c>fill_ldt</c>, arch/x86/include/asm/desc.h).</summary>
    public SegmentDescriptor ToDescriptor()
    {
        const int accessed = 1, user = 3 << 5, codeOrData = 1 << 4, present = 1 << 7;
        int access = accessed | codeOrData | user | (ReadExecOnly ? 0 : 2) | (Contents & 3) << 2 | (SegNotPresent ? 0 : present);
        int flags = (Useable ? 1 : 0) | (Seg32Bit ? 4 : 0) | (LimitInPages ? 8 : 0);
        return SegmentDescriptor.Make(BaseAddress, Limit, (byte)access, (byte)flags);
    }
}
