using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Vmalloc;

/// <summary>Why an access by the kernel to one of its own addresses failed (<c>bad_area_nosemaphore</c>: the kernel would print an oops).</summary>
public sealed class KernelOopsException(ulong address, PageFaultErrorCode code) : InvalidOperationException(
    $"The kernel cannot handle a page fault at 0x{address:x}, error code 0x{(int)code:x}: nothing is mapped there, or it may not be accessed so.")
{
    /// <summary>The address (CR2).</summary>
    public ulong Address => address;

    /// <summary>The CPU's error code.</summary>
    public PageFaultErrorCode Code => code;
}

/// <summary>
/// Accesses of the kernel to its own half, and the faults they may raise (<c>do_kern_addr_fault</c>, arch/x86/mm/fault.c): on i386 an
/// address of the vmalloc area may lack its top-level entry in the address space that happens to be loaded.
/// </summary>
public sealed class KernelFaults(AddressSpaces spaces, Journal journal, MmCosts costs)
{
    private readonly long _faultPs = costs.FaultNs * 1000L;

    /// <summary>Makes an access in kernel mode to the kernel's half.</summary>
    /// <exception cref="KernelOopsException">Nothing that may be accessed so is mapped there.</exception>
    public void Access(Cpu cpu, ulong address, int size, AccessKind kind, long cause)
    {
        var access = new MemoryAccess(address, size, kind);
        AccessResult result = cpu.Access(in access);
        while (!result.Completed)
        {
            PageFault fault = result.Fault;
            EventHeader entry = cpu.EnterKernel(EntryKind.Exception, fault.Vector, fault.ErrorCode, fault.Address, cause);
            if (fault.Vector != ExceptionVector.PageFault || !Handle(fault.Address, fault.Code, cpu, entry.Sequence))
            {
                throw new KernelOopsException(fault.Address, fault.Code);
            }
            cpu.ReturnToKernel(entry.Sequence);
            result = cpu.Access(in access);
        }
    }

    /// <summary>Handles a fault at an address of the kernel's half; false when it was bad.</summary>
    /// <param name="address">The address (CR2).</param>
    /// <param name="code">The CPU's error code.</param>
    /// <param name="cpu">The CPU; charged the time.</param>
    /// <param name="cause">Sequence of the entry into the kernel.</param>
    public bool Handle(ulong address, PageFaultErrorCode code, Cpu cpu, long cause)
    {
        cpu.Charge(_faultPs);
        bool mayBeMissing = (code & (PageFaultErrorCode.Reserved | PageFaultErrorCode.User | PageFaultErrorCode.Protection)) == 0;
        if (spaces.Kernel.IsLong || !mayBeMissing || !spaces.Kernel.IsVmalloc(address) || spaces.KernelPfn(address) < 0)
        {
            return false;
        }
        if (!spaces.IsKernelEntryIn(cpu.Root, address))
        {
            var e = new FaultVmalloc((long)(address >> 12), cpu.Root);
            EventHeader header = journal.Emit(in e, cause);
            spaces.Apply(in e, in header);
        }
        return true;
    }
}
