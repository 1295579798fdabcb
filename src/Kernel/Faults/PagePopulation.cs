using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;

namespace Sim.Kernel.Faults;

/// <summary>
/// Brings pages in before they are accessed, for mlock, MAP_POPULATE and MADV_POPULATE: <c>__mm_populate</c>,
/// <c>populate_vma_page_range</c>, <c>faultin_vma_page_range</c> and <c>__get_user_pages</c> (mm/gup.c, Linux 6.1). Its faults count as
/// the process's own.
/// </summary>
public sealed class PagePopulation(AddressSpaces spaces, PageFaultHandler faults)
{
    /// <summary>Brings in the pages of a range, as far as it is mapped.</summary>
    /// <param name="mm">The address space.</param>
    /// <param name="start">First address.</param>
    /// <param name="end">Behind the last address.</param>
    /// <param name="goesOn">An area that fails is passed over.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    /// <param name="sleeps">The call can be made again: where the task has to sleep for a page, ERESTARTSYS; otherwise the rest comes when it is accessed.</param>
    /// <returns>None, EFAULT, ENOMEM or ERESTARTSYS.</returns>
    public Errno Populate(AddressSpace mm, ulong start, ulong end, bool goesOn, CpuClock cpu, long cause, bool sleeps = false)
    {
        while (start < end)
        {
            AreaCursor at = mm.Areas.Find(start);
            if (!mm.Areas.IsValid(at) || mm.Areas.Start(at) >= end)
            {
                break;
            }
            ulong to = Math.Min(end, mm.Areas.End(at));
            Errno error = PopulateArea(mm, Math.Max(start, mm.Areas.Start(at)), to, cpu, cause, sleeps);
            if (error != Errno.None && !goesOn)
            {
                return error;
            }
            start = to;
        }
        return Errno.None;
    }

    /// <summary>
    /// Brings in the pages of part of one area, writable ones as by a write so that they need no copy later. What is locked on fault
    /// only, or mapped to a device, is left alone.
    /// </summary>
    public Errno PopulateArea(AddressSpace mm, ulong start, ulong end, CpuClock cpu, long cause, bool sleeps = false)
    {
        VmFlags flags = spaces.Areas[mm.Areas.Handle(mm.Areas.Find(start))].VmFlags;
        if ((flags & (VmFlags.LockOnFault | VmFlags.Io | VmFlags.PfnMap)) != 0)
        {
            return Errno.None;
        }
        return (flags & VmFlags.Access) == 0
            ? Errno.EFAULT
            : Access(mm, start, end, (flags & (VmFlags.Write | VmFlags.Shared)) == VmFlags.Write, sleeps, cpu, cause);
    }

    /// <summary>MADV_POPULATE_READ and MADV_POPULATE_WRITE for part of one area; EINVAL where the area does not allow the access.</summary>
    public Errno Prefault(AddressSpace mm, ulong start, ulong end, bool write, CpuClock cpu, long cause)
    {
        VmFlags flags = spaces.Areas[mm.Areas.Handle(mm.Areas.Find(start))].VmFlags;
        bool allowed = (flags & (write ? VmFlags.Write : VmFlags.Read)) != 0 && (flags & (VmFlags.Io | VmFlags.PfnMap)) == 0;
        return allowed ? Access(mm, start, end, write, sleeps: true, cpu, cause) : Errno.EINVAL;
    }

    private Errno Access(AddressSpace mm, ulong start, ulong end, bool write, bool sleeps, CpuClock cpu, long cause)
    {
        faults.MaySleep = sleeps;
        Errno error = AccessPages(mm, start, end, write, cpu, cause);
        error = error == Errno.ERESTARTSYS && !sleeps ? Errno.ENOMEM : error;
        faults.MaySleep = true;
        return error;
    }

    private Errno AccessPages(AddressSpace mm, ulong start, ulong end, bool write, CpuClock cpu, long cause)
    {
        for (; start < end; start += 4096)
        {
            while (true)
            {
                ulong entry = spaces.Tables.ReadPte(mm.Root, start);
                if (SwapFormat.IsPage(entry) && (!write || (entry & (ulong)PteFlags.Write) != 0))
                {
                    break;
                }
                switch (faults.Resolve(mm, start, in spaces.Areas[mm.Areas.Handle(mm.Areas.Find(start))], write, cpu, cause))
                {
                    case FaultResult.Resolved:
                        continue;
                    case FaultResult.OutOfMemory:
                        return Errno.ENOMEM;
                    case FaultResult.Blocked:
                        return Errno.ERESTARTSYS;
                    default:
                        return Errno.EFAULT;
                }
            }
        }
        return Errno.None;
    }
}
