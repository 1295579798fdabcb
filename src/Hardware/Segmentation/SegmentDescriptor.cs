namespace Sim.Hardware.Segmentation;

/// <summary>
/// A segment descriptor: eight bytes of a descriptor table.
/// <code>
/// 63      56 55 54 53 52 51     48 47 46 45 44 43  40 39      32 31      16 15        0
/// | base hi | G |D/B| L|AVL|lim hi| P | DPL | S| type | base mid | base low | limit low |
/// </code>
/// Intel SDM volume 3A, figure 3-8.
/// </summary>
/// <param name="Raw">The eight bytes, as the CPU reads them.</param>
public readonly record struct SegmentDescriptor(ulong Raw)
{
    /// <summary>Linear address of the segment's first byte.</summary>
    public uint Base => (uint)((Raw >> 16 & 0xFF_FFFF) | (Raw >> 32 & 0xFF00_0000));

    /// <summary>Greatest offset inside the segment, in bytes (for an expand-down segment: greatest offset outside it).</summary>
    public uint Limit
    {
        get
        {
            uint limit = (uint)((Raw & 0xFFFF) | (Raw >> 32 & 0xF_0000));
            return Granular ? limit << 12 | 0xFFF : limit;
        }
    }

    /// <summary>G: the limit counts 4 KiB units.</summary>
    public bool Granular => (Raw >> 55 & 1) != 0;

    /// <summary>D/B: 32-bit operands, or an upper bound of 4 GiB for an expand-down segment.</summary>
    public bool Big => (Raw >> 54 & 1) != 0;

    /// <summary>L: 64-bit code.</summary>
    public bool Long => (Raw >> 53 & 1) != 0;

    /// <summary>P: may be loaded.</summary>
    public bool Present => (Raw >> 47 & 1) != 0;

    /// <summary>DPL: privilege needed, 0 (kernel) to 3 (user).</summary>
    public int Dpl => (int)(Raw >> 45 & 3);

    /// <summary>S is set: code or data. Otherwise a system segment or gate.</summary>
    public bool IsCodeOrData => (Raw >> 44 & 1) != 0;

    /// <summary>Executable.</summary>
    public bool IsCode => IsCodeOrData && (Raw >> 43 & 1) != 0;

    /// <summary>Data or stack.</summary>
    public bool IsData => IsCodeOrData && (Raw >> 43 & 1) == 0;

    /// <summary>Code that less privileged code may call without a gate.</summary>
    public bool Conforming => IsCode && (Raw >> 42 & 1) != 0;

    /// <summary>Data whose valid offsets lie above the limit.</summary>
    public bool ExpandDown => IsData && (Raw >> 42 & 1) != 0;

    /// <summary>May be read as data.</summary>
    public bool Readable => IsData || (IsCode && (Raw >> 41 & 1) != 0);

    /// <summary>May be written.</summary>
    public bool Writable => IsData && (Raw >> 41 & 1) != 0;

    /// <summary>Base 0 and every 32-bit offset valid.</summary>
    public bool IsFlat => Base == 0 && Limit == uint.MaxValue && !ExpandDown;

    /// <summary>Builds a code or data descriptor.</summary>
    /// <param name="baseAddress">Linear address of the first byte.</param>
    /// <param name="limit">Limit field, 20 bits, in 4 KiB units.</param>
    /// <param name="access">P, DPL, S and type: bits 47 to 40.</param>
    /// <param name="flags">G, D/B, L and AVL: bits 55 to 52.</param>
    public static SegmentDescriptor Make(uint baseAddress, uint limit, byte access, byte flags) => new(
        (limit & 0xFFFFUL) | (baseAddress & 0xFF_FFFFUL) << 16 | (ulong)access << 40
        | (limit >> 16 & 0xFUL) << 48 | (flags & 0xFUL) << 52 | (baseAddress >> 24 & 0xFFUL) << 56);
}
