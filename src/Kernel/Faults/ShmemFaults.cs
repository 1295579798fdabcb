using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Faults;

/// <summary>
/// Pages of shared memory that are swapped out: found in the swap cache, or read with neighbouring slots, and put back into their
/// object's page cache (<c>shmem_swapin_folio</c>, mm/shmem.c, Linux 6.1). The task sleeps while its page is read or still being
/// written, and faults again.
/// </summary>
internal sealed class ShmemFaults(AddressSpaces spaces, FrameTable frames, Journal journal, SwapIo io, SwapFaults swap)
{
    private readonly Dictionary<int, (int File, long Pgoff)> _waitsFor = [];

    /// <summary>The frame of a page that its object has a slot for; -1 without memory, or <see cref="PageAllocator.Blocked"/> when the task has to sleep.</summary>
    /// <param name="pid">The task.</param>
    /// <param name="file">The object, negative.</param>
    /// <param name="pgoff">The page.</param>
    /// <param name="slot">Its slot.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the entry into the kernel.</param>
    /// <param name="major">The page had to be read for this task.</param>
    public long SwapIn(int pid, int file, long pgoff, int slot, CpuClock cpu, long cause, out bool major)
    {
        major = _waitsFor.TryGetValue(pid, out (int, long) waited) && waited == (file, pgoff);
        long pfn = spaces.Reclaim!.Swap.Find(slot);
        if (pfn < 0)
        {
            pfn = swap.ReadShared(pid, slot, cpu, cause);
            if (pfn < 0)
            {
                return pfn;
            }
            major = true;
        }
        else if (frames[pfn].Has(PageFlags.Readahead))
        {
            var found = new ShmemReadahead(slot, 0);
            EventHeader noted = journal.Emit(in found, cause);
            spaces.Apply(in found, in noted);
        }
        if (frames[pfn].Has(PageFlags.Locked | PageFlags.Writeback))
        {
            if (major)
            {
                _waitsFor[pid] = (file, pgoff);
            }
            io.WaitFor(pfn, pid);
            return PageAllocator.Blocked;
        }
        _waitsFor.Remove(pid);
        var e = new ShmemSwapIn(file, pgoff, pfn);
        EventHeader header = journal.Emit(in e, cause);
        spaces.Apply(in e, in header);
        io.Trim(cpu, header.Sequence);
        return pfn;
    }
}
