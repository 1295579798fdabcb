namespace Sim.Kernel.Exec;

/// <summary>What the kernel reads of a program's file before it maps it: the ELF header and the program headers.</summary>
/// <param name="Class">Width of its words.</param>
/// <param name="Type">Whether it wants certain addresses.</param>
/// <param name="Machine">The processor it is for.</param>
/// <param name="Entry">Address of its first instruction (<c>e_entry</c>), without the load bias.</param>
/// <param name="ProgramHeaderOffset">Where in the file the program headers are (<c>e_phoff</c>), in bytes.</param>
/// <param name="Segments">The program headers in the file's order.</param>
/// <param name="Interpreter">Path of the program that loads it (PT_INTERP); null for a static program.</param>
public sealed record ElfImage(
    ElfClass Class, ElfType Type, ElfMachine Machine, ulong Entry, ulong ProgramHeaderOffset, IReadOnlyList<ElfSegment> Segments,
    string? Interpreter)
{
    /// <summary>Size of one program header (<c>e_phentsize</c>), in bytes.</summary>
    public int ProgramHeaderBytes => Class == ElfClass.Elf64 ? 56 : 32;

    /// <summary>The bits of an address: sums of addresses wrap around there.</summary>
    public ulong AddressMask => Class == ElfClass.Elf64 ? ulong.MaxValue : uint.MaxValue;

    /// <summary>Distance from the first page of the first segment to the end of the last (<c>total_mapping_size</c>), in bytes; 0 without segments.</summary>
    public ulong TotalMappingBytes
    {
        get
        {
            ulong low = ulong.MaxValue, high = 0;
            foreach (ElfSegment segment in Segments)
            {
                if (segment.Type == ElfSegmentType.Load)
                {
                    low = Math.Min(low, segment.VirtualAddress & ~0xfffUL);
                    high = Math.Max(high, (segment.VirtualAddress + segment.MemoryBytes) & AddressMask);
                }
            }
            return low == ulong.MaxValue ? 0 : (high - low) & AddressMask;
        }
    }

    /// <summary>Greatest alignment that a segment asks for, at least a page where one asks at all (<c>maximum_alignment</c>), in bytes.</summary>
    public ulong MaximumAlignmentBytes
    {
        get
        {
            ulong greatest = 0;
            foreach (ElfSegment segment in Segments)
            {
                // Others are no alignments: the kernel passes over them.
                if (segment.Type == ElfSegmentType.Load && ulong.IsPow2(segment.AlignBytes))
                {
                    greatest = Math.Max(greatest, segment.AlignBytes);
                }
            }
            return (greatest + 0xfff) & ~0xfffUL;
        }
    }

    /// <summary>Whether the stack is to be executable (PT_GNU_STACK); null when the file does not say.</summary>
    public bool? WantsExecutableStack
    {
        get
        {
            bool? wants = null;
            foreach (ElfSegment segment in Segments)
            {
                if (segment.Type == ElfSegmentType.GnuStack)
                {
                    wants = (segment.Flags & ElfSegmentFlags.Exec) != 0;
                }
            }
            return wants;
        }
    }
}

/// <summary>A program header (<c>Elf64_Phdr</c>).</summary>
/// <param name="Type">What it describes.</param>
/// <param name="Flags">Rights in memory.</param>
/// <param name="Offset">Where it begins in the file, in bytes.</param>
/// <param name="VirtualAddress">Where it begins in memory, without the load bias.</param>
/// <param name="FileBytes">Its length in the file.</param>
/// <param name="MemoryBytes">Its length in memory; what the file lacks is zeroes.</param>
/// <param name="AlignBytes">Alignment it asks for.</param>
public readonly record struct ElfSegment(
    ElfSegmentType Type, ElfSegmentFlags Flags, ulong Offset, ulong VirtualAddress, ulong FileBytes, ulong MemoryBytes, ulong AlignBytes);
