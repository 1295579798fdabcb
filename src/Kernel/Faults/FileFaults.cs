using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Faults;

/// <summary>
/// Pages of files for faults (<c>filemap_fault</c> of mm/filemap.c, Linux 6.1): found in the page cache, or read, with others around
/// them. The task sleeps while its page is read, and faults again.
/// </summary>
internal sealed class FileFaults
{
    private readonly AddressSpaces _spaces;
    private readonly FrameTable _frames;
    private readonly Readahead _readahead;
    private readonly FileIo _io;
    private readonly DirtyThrottle _throttle;
    private (int File, long Pgoff)[] _waitsFor = new (int File, long Pgoff)[16];

    public FileFaults(AddressSpaces spaces, FrameTable frames, Readahead readahead, FileIo io, DirtyThrottle throttle)
    {
        _throttle = throttle;
        _spaces = spaces;
        _frames = frames;
        _readahead = readahead;
        _io = io;
    }

    /// <summary>The frame of a file's page; -1 without memory, or <see cref="Buddy.PageAllocator.Blocked"/> when the task has to sleep.</summary>
    /// <param name="pid">The task.</param>
    /// <param name="file">The file.</param>
    /// <param name="pgoff">The page.</param>
    /// <param name="area">Flags of the area: what its program has told of how it reads.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the entry into the kernel.</param>
    /// <param name="major">The page had to be read.</param>
    public long Find(int pid, int file, long pgoff, VmFlags area, CpuClock cpu, long cause, out bool major)
    {
        ref (int File, long Pgoff) waited = ref WaitsFor(pid);
        major = waited == (file, pgoff);
        long pfn = _spaces.Cache.Find(file, pgoff);
        if (pfn >= 0)
        {
            if (!major && _frames[pfn].Has(PageFlags.Readahead) && (area & VmFlags.RandomRead) == 0)
            {
                _readahead.OnMarked(file, pgoff, pfn, _readahead.MaxPages, cpu, cause);
            }
        }
        else
        {
            major = true;
            _readahead.OnFault(file, pgoff, area, cpu, cause);
            pfn = _spaces.Cache.Find(file, pgoff);
            if (pfn < 0)
            {
                pfn = _readahead.ReadOne(file, pgoff, pid, cpu, cause);
                if (pfn < 0)
                {
                    return pfn;
                }
            }
        }
        if (_frames[pfn].Has(PageFlags.Locked))
        {
            waited = (file, pgoff);
            _io.WaitFor(pfn, pid);
            return Buddy.PageAllocator.Blocked;
        }
        waited = default;
        return pfn;
    }

    /// <summary>A task has made a mapped page writable, which counts as dirty; true when it has to pause (<c>fault_dirty_shared_page</c>).</summary>
    public bool MustPause(int pid, bool maySleep, CpuClock cpu, long cause)
    {
        if (!maySleep)
        {
            _throttle.Dirtied(cpu, cause);
        }
        return maySleep && _throttle.MustPause(pid, dirties: true, cpu, cause);
    }

    /// <summary>The task faults again at the page it has slept for (<c>FAULT_FLAG_TRIED</c>); it does not wait any longer.</summary>
    public bool HasWaited(int pid, int file, long pgoff)
    {
        ref (int File, long Pgoff) waited = ref WaitsFor(pid);
        bool has = waited == (file, pgoff);
        waited = has ? default : waited;
        return has;
    }

    private ref (int File, long Pgoff) WaitsFor(int pid)
    {
        if (pid >= _waitsFor.Length)
        {
            Array.Resize(ref _waitsFor, Math.Max(pid + 1, _waitsFor.Length * 2));
        }
        return ref _waitsFor[pid];
    }
}
