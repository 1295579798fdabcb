using Sim.Hardware.Paging;

namespace Sim.Hardware.Segmentation;

/// <summary>
/// A GDT. The two that Linux builds (<c>arch/x86/include/asm/segment.h</c>, <c>gdt_page</c> in
/// <c>arch/x86/kernel/cpu/common.c</c>) have flat kernel and user segments from 0 to 4 GiB.
/// </summary>
public sealed class GlobalDescriptorTable
{
    private const byte KernelCodeAccess = 0x9B, KernelDataAccess = 0x93, UserCodeAccess = 0xFB, UserDataAccess = 0xF3;
    private const byte Flags32 = 0xC, Flags64 = 0xA;

    private readonly ulong[] _entries;

    /// <param name="entries">The descriptors; number 0 is never used.</param>
    /// <param name="kernelCode">Selector of CS in the kernel.</param>
    /// <param name="kernelData">Selector of SS in the kernel.</param>
    /// <param name="userCode">Selector of CS in user mode.</param>
    /// <param name="userData">Selector of SS in user mode.</param>
    /// <param name="initialData">Selector that DS and ES hold.</param>
    /// <param name="longMode">True when data segments have no base and no limit (64-bit mode).</param>
    public GlobalDescriptorTable(
        ReadOnlySpan<SegmentDescriptor> entries, ushort kernelCode, ushort kernelData, ushort userCode, ushort userData,
        ushort initialData, bool longMode)
    {
        _entries = new ulong[entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            _entries[i] = entries[i].Raw;
        }
        KernelCode = kernelCode;
        KernelData = kernelData;
        UserCode = userCode;
        UserData = userData;
        InitialDataSelector = initialData;
        LongMode = longMode;
    }

    /// <summary>Number of descriptors.</summary>
    public int Count => _entries.Length;

    /// <summary>The descriptor with a number.</summary>
    public SegmentDescriptor this[int index] => new(_entries[index]);

    /// <summary>Selector of CS in the kernel (<c>__KERNEL_CS</c>).</summary>
    public ushort KernelCode { get; }

    /// <summary>Selector of SS in the kernel (<c>__KERNEL_DS</c>).</summary>
    public ushort KernelData { get; }

    /// <summary>Selector of CS in user mode (<c>__USER_CS</c>).</summary>
    public ushort UserCode { get; }

    /// <summary>Selector of SS in user mode (<c>__USER_DS</c>).</summary>
    public ushort UserData { get; }

    /// <summary>Selector that DS and ES hold: <c>__USER_DS</c> on i386, null on x86-64.</summary>
    public ushort InitialDataSelector { get; }

    /// <summary>64-bit mode: CS, DS, ES and SS have base 0 and no limit.</summary>
    public bool LongMode { get; }

    /// <summary>The table of a machine with the given page-table format; with PAE it is a 32-bit kernel's too.</summary>
    public static GlobalDescriptorTable ForLinux(PagingMode mode) => mode.VirtualBits > 32 ? ForLinuxX86_64() : ForLinuxI386();

    /// <summary>32 descriptors; kernel at 12 and 13, user at 14 and 15.</summary>
    public static GlobalDescriptorTable ForLinuxI386()
    {
        var entries = new SegmentDescriptor[32];
        entries[12] = SegmentDescriptor.Make(0, 0xF_FFFF, KernelCodeAccess, Flags32);
        entries[13] = SegmentDescriptor.Make(0, 0xF_FFFF, KernelDataAccess, Flags32);
        entries[14] = SegmentDescriptor.Make(0, 0xF_FFFF, UserCodeAccess, Flags32);
        entries[15] = SegmentDescriptor.Make(0, 0xF_FFFF, UserDataAccess, Flags32);
        return new GlobalDescriptorTable(entries, 12 << 3, 13 << 3, 14 << 3 | 3, 15 << 3 | 3, 15 << 3 | 3, longMode: false);
    }

    /// <summary>16 descriptors; kernel at 1 (32-bit code), 2 and 3, user at 4 (32-bit code), 5 and 6.</summary>
    public static GlobalDescriptorTable ForLinuxX86_64()
    {
        var entries = new SegmentDescriptor[16];
        entries[1] = SegmentDescriptor.Make(0, 0xF_FFFF, KernelCodeAccess, Flags32);
        entries[2] = SegmentDescriptor.Make(0, 0xF_FFFF, KernelCodeAccess, Flags64);
        entries[3] = SegmentDescriptor.Make(0, 0xF_FFFF, KernelDataAccess, Flags32);
        entries[4] = SegmentDescriptor.Make(0, 0xF_FFFF, UserCodeAccess, Flags32);
        entries[5] = SegmentDescriptor.Make(0, 0xF_FFFF, UserDataAccess, Flags32);
        entries[6] = SegmentDescriptor.Make(0, 0xF_FFFF, UserCodeAccess, Flags64);
        return new GlobalDescriptorTable(entries, 2 << 3, 3 << 3, 6 << 3 | 3, 5 << 3 | 3, 0, longMode: true);
    }
}
