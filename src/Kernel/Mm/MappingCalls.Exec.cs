using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Exec;

namespace Sim.Kernel.Mm;

/// <summary>What program loaders map beside files.</summary>
public sealed partial class MappingCalls
{
    /// <summary>
    /// Maps zeroed memory at a fixed place, unmapping what is there; the break does not move (<c>vm_brk_flags</c>). EINVAL: beyond
    /// user space. ENOMEM: a limit.
    /// </summary>
    /// <param name="pid">Process.</param>
    /// <param name="start">First address, page-aligned.</param>
    /// <param name="end">End, page-aligned; nothing happens when it is not above the start.</param>
    /// <param name="executable">The memory may be executed.</param>
    /// <param name="cpu">Charged the time.</param>
    /// <param name="cause">Sequence of the event that led here.</param>
    public Errno MapBss(int pid, ulong start, ulong end, bool executable, CpuClock cpu, long cause)
    {
        if (end <= start)
        {
            return Errno.None;
        }
        cpu.Charge(_brkPs);
        AddressSpace mm = _spaces[pid];
        if (end > _layout.TaskSizeOf(mm))
        {
            return Errno.ENOMEM;
        }
        if (start < _layout.MinAddress)
        {
            return Errno.EPERM;
        }
        Errno error = Unmap(mm, start, end, cpu, cause);
        if (error != Errno.None)
        {
            return error;
        }
        long pages = (long)((end - start) >> 12);
        VmFlags flags = mm.HeapFlags | (executable ? VmFlags.Exec : VmFlags.None);
        if (!_limits.MayExpand(mm, flags, pages) || mm.Areas.Count > _options.MaxMapCount || !_limits.MayCommit(mm, pages))
        {
            return Errno.ENOMEM;
        }
        var e = new ExecBss(pid, (long)(start >> 12), pages, (int)flags);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return Errno.None;
    }

    /// <summary>What the process may read it may execute from now on.</summary>
    public void SetReadImpliesExec(int pid, long cause)
    {
        if (_spaces[pid].ReadImpliesExec)
        {
            return;
        }
        var e = new ExecReadImpliesExec(pid);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
    }

    /// <summary>Gives a process on x86-64 the user space of a 32-bit program, before anything is mapped in it.</summary>
    public void SetCompat(int pid, long stackLimitBytes, long cause)
    {
        var e = new ExecCompat(pid, (long)_layout.MmapBaseOf(stackLimitBytes, compat: true));
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
    }

    /// <summary>Where a mapping without a wish would go; <see cref="Placement.None"/> when nowhere.</summary>
    public ulong FindPlace(int pid, ulong length) => _placement.Find(_spaces[pid], 0, length, below2GiB: false);

    /// <summary>Maps pages of the kernel's own in a free place (<c>_install_special_mapping</c>). ENOMEM: a limit.</summary>
    public Errno MapSpecial(int pid, ulong start, int pages, VmFlags flags, int symbol, long cause)
    {
        if (!_limits.MayExpand(_spaces[pid], flags, pages))
        {
            return Errno.ENOMEM;
        }
        var e = new VmaMmap(pid, (long)(start >> 12), pages, (int)flags, symbol, 0);
        EventHeader header = _journal.Emit(in e, cause);
        _spaces.Apply(in e, in header);
        return Errno.None;
    }
}
