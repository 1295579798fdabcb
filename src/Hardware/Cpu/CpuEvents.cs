using Sim.Engine.Events;

namespace Sim.Hardware.Cpu;

/// <summary>A CPU entered the kernel.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Entry">Way in.</param>
/// <param name="Vector">Exception or interrupt vector; the system call's number for a system call.</param>
/// <param name="ErrorCode">Error code of an exception; 0 otherwise.</param>
/// <param name="Address">Linear address of a page fault (CR2); 0 otherwise.</param>
[Event(20, "cpu.enter")]
public readonly partial record struct CpuEnter(
    byte Cpu,
    EntryKind Entry,
    int Vector,
    int ErrorCode,
    [Address, Delta(2)] long Address);

/// <summary>A CPU left the kernel, or one level of nested entries into it.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="ToUser">To user mode; otherwise to the kernel code that an exception or interrupt had stopped.</param>
[Event(21, "cpu.return")]
public readonly partial record struct CpuReturn(
    byte Cpu,
    bool ToUser);

/// <summary>A CPU's CR3 was loaded: another address space.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="RootPfn">Frame of the top page table.</param>
/// <param name="Asid">Process-context identifier; 0 where PCID is off.</param>
[Event(22, "cpu.load_root")]
public readonly partial record struct CpuLoadRoot(
    byte Cpu,
    [Unit("pfn")] long RootPfn,
    short Asid);

/// <summary>A segment register was loaded.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Register">The register.</param>
/// <param name="Selector">The selector put into it.</param>
[Event(23, "cpu.load_segment")]
public readonly partial record struct CpuLoadSegment(
    byte Cpu,
    Segmentation.SegmentRegister Register,
    ushort Selector);
