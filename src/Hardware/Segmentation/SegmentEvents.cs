using Sim.Engine.Events;

namespace Sim.Hardware.Segmentation;

/// <summary>An entry of a CPU's GDT was written: thread-local storage of the task that it runs.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="DescriptorIndex">Number of the entry.</param>
/// <param name="DescriptorBits">Its eight bytes; 0 for none.</param>
[Event(230, "cpu.descriptor")]
public readonly partial record struct CpuDescriptor(
    byte Cpu,
    short DescriptorIndex,
    [Unit("hex")] long DescriptorBits);

/// <summary>A CPU's LDTR was loaded (LLDT).</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Pid">Whose table it is; 0 for none.</param>
/// <param name="LdtEntries">Number of entries that the CPU finds in it: its limit.</param>
[Event(231, "cpu.load_ldt")]
public readonly partial record struct CpuLoadLdt(
    byte Cpu,
    [Unit("pid")] int Pid,
    int LdtEntries);

/// <summary>A process got a new local descriptor table: a copy of the one it had, or of its parent's, with one entry changed (<c>install_ldt</c>).</summary>
/// <param name="Pid">The process.</param>
/// <param name="Parent">Whose table it starts as: its own, or at fork its parent's.</param>
/// <param name="LdtEntries">Number of entries; 0: the process has no table any more.</param>
/// <param name="DescriptorIndex">The entry that was written; -1 for none.</param>
/// <param name="DescriptorBits">Its eight bytes; 0 for none.</param>
/// <param name="Pfn">First frame of the table; -1 for no table.</param>
[Event(232, "mm.ldt")]
public readonly partial record struct MmLdt(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Parent,
    int LdtEntries,
    short DescriptorIndex,
    [Unit("hex")] long DescriptorBits,
    [Unit("pfn")] long Pfn);

/// <summary>The base of FS or GS was written by itself (<c>MSR_FS_BASE</c>, <c>MSR_GS_BASE</c>), in long mode.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Register">FS or GS.</param>
/// <param name="SegmentBase">Linear address of offset 0.</param>
[Event(233, "cpu.segment_base")]
public readonly partial record struct CpuSegmentBase(
    byte Cpu,
    SegmentRegister Register,
    [Address] long SegmentBase);

/// <summary>
/// A CPU got the segment of its own data, which the kernel uses on it from now on: in FS by a selector on i386, behind the base of GS
/// in long mode (<c>load_percpu_segment</c>).
/// </summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Selector">What FS holds in the kernel; 0 in long mode.</param>
/// <param name="SegmentBase">Linear address of offset 0.</param>
[Event(245, "cpu.kernel_segment")]
public readonly partial record struct CpuKernelSegment(
    byte Cpu,
    ushort Selector,
    [Address] long SegmentBase);
