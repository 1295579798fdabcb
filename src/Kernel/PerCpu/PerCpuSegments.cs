using Sim.Engine.Events;
using Sim.Hardware;
using Sim.Hardware.Cpu;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Boot;
using Sim.Kernel.Vmalloc;
using Sim.Kernel.Zones;

namespace Sim.Kernel.PerCpu;

/// <summary>The segments through which the kernel finds the data of the CPU it runs on.</summary>
public static class PerCpuSegments
{
    /// <summary>Entry of i386's GDT with the area's base (<c>GDT_ENTRY_PERCPU</c>).</summary>
    public const int PerCpuEntry = 27;

    /// <summary>Entry of x86-64's GDT whose limit is the CPU's number, for LSL in user mode (<c>GDT_ENTRY_CPUNODE</c>).</summary>
    public const int CpuNodeEntry = 15;

    private const byte KernelData = 0x93, UserReadOnlyExpandDown = 0xF5, Granular = 0x8, Big = 0x4;

    /// <summary>
    /// Gives each CPU its area and the segment for it (<c>setup_percpu_segment</c>, <c>load_percpu_segment</c>, and <c>setup_getcpu</c>; node
    /// 0). Nothing where boot has placed no areas.
    /// </summary>
    public static void Boot(BootPlan plan, PerCpuAreas areas, Cpu[] cpus, Journal journal)
    {
        for (int cpu = 0; cpu < plan.PerCpuAreas.Count; cpu++)
        {
            PageRange area = plan.PerCpuAreas[cpu];
            var e = new BootPerCpuArea((byte)cpu, area.StartPfn, area.Pages, (long)plan.PerCpuLinked);
            EventHeader header = journal.Emit(in e, -1);
            areas.Apply(in e, in header);
            ulong offset = areas.OffsetOf(cpu);
            if (cpus[cpu].KernelSegment == SegmentRegister.Gs)
            {
                cpus[cpu].WriteDescriptor(CpuNodeEntry, SegmentDescriptor.Make(0, (uint)cpu, UserReadOnlyExpandDown, Big), header.Sequence);
                cpus[cpu].LoadKernelSegment(0, offset, header.Sequence);
            }
            else
            {
                cpus[cpu].WriteDescriptor(PerCpuEntry, SegmentDescriptor.Make((uint)offset, 0xF_FFFF, KernelData, Granular), header.Sequence);
                cpus[cpu].LoadKernelSegment(PerCpuEntry << 3, offset, header.Sequence);
            }
        }
    }

    /// <summary>
    /// Reads the number of the CPU that runs as kernel code does, through that CPU's segment (<c>raw_smp_processor_id</c>): the answer is
    /// whose area the access came to.
    /// </summary>
    public static int CurrentCpu(PerCpuAreas areas, Cpu cpu)
    {
        if (!areas.ArePlaced)
        {
            return cpu.Id;
        }
        var access = new MemoryAccess(areas.Linked + PerCpuAreas.CpuNumberOffset, sizeof(int), AccessKind.Load) { Segment = cpu.KernelSegment };
        AccessResult result = cpu.Access(in access);
        return result.Completed
            ? areas.CpuOf((long)(result.PhysicalAddress >> Page.Shift))
            : throw new KernelOopsException(result.Fault.Address, result.Fault.Code);
    }

    /// <summary>
    /// What is wrong with the CPUs' segments, in words; null when nothing is. In the kernel a CPU's segment is that of its own area, and
    /// in user mode no segment is, the base that <c>swapgs</c> will bring excepted.
    /// </summary>
    public static string? Violation(PerCpuAreas areas, HardwareState hardware, FrameTable frames, ulong taskSize)
    {
        for (int cpu = 0; areas.ArePlaced && cpu < areas.Cpus; cpu++)
        {
            for (long pfn = areas[cpu].StartPfn; pfn < areas[cpu].EndPfn; pfn++)
            {
                if (frames[pfn].State != FrameState.Reserved || frames[pfn].Index != (int)ReserveReason.PerCpuAreas)
                {
                    return $"frame 0x{pfn:x} of CPU {cpu}'s own area is not kept back for that";
                }
            }
            if (SegmentViolation(areas, hardware, cpu, taskSize) is { } violation)
            {
                return $"CPU {cpu}, in {hardware.Cpus.Mode(cpu)} mode: {violation}";
            }
        }
        return null;
    }

    private static string? SegmentViolation(PerCpuAreas areas, HardwareState hardware, int cpu, ulong taskSize)
    {
        CpuState state = hardware.Cpus;
        bool inKernel = state.Mode(cpu) == CpuMode.Kernel;
        ulong own = areas.OffsetOf(cpu);
        if (hardware.Gdt.LongMode)
        {
            ulong gs = state.Base(cpu, SegmentRegister.Gs), shadow = state.ShadowGsBase(cpu);
            ulong kernel = inKernel ? gs : shadow, task = inKernel ? shadow : gs;
            return kernel != own ? $"the kernel's base of GS is 0x{kernel:x}, its area is at 0x{own:x}"
                : task >= taskSize ? $"the task's base of GS, 0x{task:x}, is no address of a task" : null;
        }
        SegmentDescriptor descriptor = hardware.Descriptors.Global(cpu, PerCpuEntry);
        ushort fs = state.Selector(cpu, SegmentRegister.Fs);
        return descriptor.Base != own || descriptor.Dpl != 0 ? $"descriptor 0x{descriptor.Raw:x16} does not lead to its area, 0x{own:x}"
            : inKernel != (fs == PerCpuEntry << 3) ? $"FS is 0x{fs:x}" : null;
    }
}
