using Sim.Engine.Events;
using Sim.Hardware.Segmentation;
using Sim.Kernel.Mm;
using Sim.Kernel.PerCpu;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Syscalls;

/// <summary>The system calls that give a program segments of its own (arch/x86/kernel/tls.c, ldt.c and process_64.c, Linux 6.1).</summary>
public sealed class SegmentCalls
{
    /// <summary>Most entries of a local table (<c>LDT_ENTRIES</c>).</summary>
    public const int MaxLdtEntries = 8192;

    /// <summary>arch_prctl: sets or tells the base of GS or FS.</summary>
    public const int ArchSetGs = 0x1001, ArchSetFs = 0x1002, ArchGetFs = 0x1003, ArchGetGs = 0x1004;

    private readonly TaskSegments _segments;
    private readonly PerCpuAreas _areas;
    private readonly DescriptorTables _tables;
    private readonly SyscallGate _gate;
    private readonly SyscallNumbers _numbers;
    private readonly ulong _taskSize;
    private readonly long _copyPs;
    private readonly bool _longMode;

    internal SegmentCalls(
        TaskSegments segments, PerCpuAreas areas, DescriptorTables tables, KernelProfile profile, ulong taskSize, MmCosts costs, Journal journal)
    {
        _segments = segments;
        _areas = areas;
        _tables = tables;
        _gate = new SyscallGate(journal);
        _numbers = SyscallNumbers.Of(profile);
        _taskSize = taskSize;
        _copyPs = costs.UserCopyPageNs * 1000L;
        _longMode = tables.Initial.LongMode;
    }

    /// <summary>
    /// set_thread_area: a thread-local segment in the GDT. ENOSYS in 64-bit programs. EINVAL: not present, code, 16 bits, or no entry
    /// for this. ESRCH: none of the three entries is free. EFAULT: the description cannot be accessed.
    /// </summary>
    /// <param name="task">Who calls.</param>
    /// <param name="descriptor">What lies at <paramref name="buffer"/>; entry -1 asks for a free one.</param>
    /// <param name="buffer">Address of the description; the entry that was chosen is written there.</param>
    /// <param name="entryNumber">The entry.</param>
    /// <returns>0, or minus an errno.</returns>
    public long SetThreadArea(TaskContext task, in UserDescriptor descriptor, ulong buffer, out int entryNumber)
    {
        long entry = _gate.Enter(task, _numbers.SetThreadArea);
        entryNumber = descriptor.EntryNumber;
        long result = _longMode ? -(long)Errno.ENOSYS : SetThreadArea(task, in descriptor, buffer, ref entryNumber, entry);
        return task.IsBlocked ? result : _gate.Return(task, _numbers.SetThreadArea, buffer, 0, 0, result, entry);
    }

    /// <summary>
    /// modify_ldt with function 1 or 0x11: writes an entry of the process's local table. EINVAL: no such entry, or conforming code that is
    /// present. EFAULT: the description cannot be read. ENOMEM: no memory for the table.
    /// </summary>
    /// <param name="task">Who calls.</param>
    /// <param name="descriptor">What lies at <paramref name="buffer"/>.</param>
    /// <param name="buffer">Address of the description.</param>
    /// <param name="oldMode">Function 1.</param>
    /// <returns>0, or minus an errno.</returns>
    public long WriteLdt(TaskContext task, in UserDescriptor descriptor, ulong buffer, bool oldMode = false)
    {
        long entry = _gate.Enter(task, _numbers.ModifyLdt);
        long result = task.CopyUser(buffer, UserDescriptor.Bytes, write: false, _copyPs, entry) > 0
            ? -(long)(task.IsBlocked ? Errno.ERESTARTSYS : Errno.EFAULT)
            : WriteLdt(task, in descriptor, oldMode, entry);
        return task.IsBlocked ? result : _gate.Return(task, _numbers.ModifyLdt, buffer, UserDescriptor.Bytes, oldMode ? 1 : 0x11, result, entry);
    }

    /// <summary>modify_ldt with function 0: copies the table to memory. EFAULT: that cannot be written.</summary>
    /// <returns>Bytes asked for, what is behind the table's end cleared; 0 without a table; or minus an errno.</returns>
    public long ReadLdt(TaskContext task, ulong buffer, long length)
    {
        long entry = _gate.Enter(task, _numbers.ModifyLdt);
        long result = 0;
        if (_tables.LocalEntries(task.Mm) > 0)
        {
            result = Math.Min(length, MaxLdtEntries * 8);
            if (task.CopyUser(buffer, result, write: true, _copyPs, entry) > 0)
            {
                result = -(long)(task.IsBlocked ? Errno.ERESTARTSYS : Errno.EFAULT);
            }
        }
        return task.IsBlocked ? result : _gate.Return(task, _numbers.ModifyLdt, buffer, length, 0, result, entry);
    }

    /// <summary>
    /// arch_prctl. ARCH_SET_FS and ARCH_SET_GS: the register is null, its base the address. ARCH_GET_FS and ARCH_GET_GS: the base is
    /// written to memory. EPERM: an address of the kernel to be set. EFAULT: the memory cannot be written. EINVAL in 32-bit programs and
    /// for other codes (<c>do_arch_prctl_64</c>).
    /// </summary>
    /// <returns>0, or minus an errno.</returns>
    public long ArchPrctl(TaskContext task, int code, ulong address)
    {
        long entry = _gate.Enter(task, _numbers.ArchPrctl);
        long result = -(long)(!_longMode ? Errno.EINVAL : code switch
        {
            ArchSetFs => SetBase(task, SegmentRegister.Fs, address, entry),
            ArchSetGs => SetBase(task, SegmentRegister.Gs, address, entry),
            // The value is in the register; that the copy reaches its place is all there is to do.
            ArchGetFs or ArchGetGs => task.CopyUser(address, sizeof(ulong), write: true, _copyPs, entry) == 0 ? Errno.None
                : task.IsBlocked ? Errno.ERESTARTSYS : Errno.EFAULT,
            _ => Errno.EINVAL,
        });
        return task.IsBlocked ? result : _gate.Return(task, _numbers.ArchPrctl, address, code, 0, result, entry);
    }

    private Errno SetBase(TaskContext task, SegmentRegister register, ulong address, long entry)
    {
        if (address >= _taskSize)
        {
            return Errno.EPERM;
        }
        task.Cpu.LoadSegment(register, 0, entry);
        task.Cpu.WriteSegmentBase(register, address, entry);
        return Errno.None;
    }

    /// <summary>getcpu: the number of the CPU that runs the task, which the kernel finds through that CPU's segment. EFAULT: it cannot be written.</summary>
    /// <param name="task">Who calls.</param>
    /// <param name="buffer">Where the number is written.</param>
    /// <param name="number">The number.</param>
    /// <returns>0, or minus an errno.</returns>
    public long GetCpu(TaskContext task, ulong buffer, out int number)
    {
        long entry = _gate.Enter(task, _numbers.Getcpu);
        number = PerCpuSegments.CurrentCpu(_areas, task.Cpu);
        long result = task.CopyUser(buffer, sizeof(int), write: true, _copyPs, entry) > 0 ? -(long)(task.IsBlocked ? Errno.ERESTARTSYS : Errno.EFAULT) : 0;
        return task.IsBlocked ? result : _gate.Return(task, _numbers.Getcpu, buffer, 0, 0, result, entry);
    }

    private long SetThreadArea(TaskContext task, in UserDescriptor descriptor, ulong buffer, ref int index, long entry)
    {
        if (task.CopyUser(buffer, UserDescriptor.Bytes, write: false, _copyPs, entry) > 0)
        {
            return -(long)(task.IsBlocked ? Errno.ERESTARTSYS : Errno.EFAULT);
        }
        bool none = descriptor.IsEmpty || descriptor.IsZero;
        if (!none && (!descriptor.Seg32Bit || descriptor.Contents > 1 || descriptor.SegNotPresent))
        {
            return -(long)Errno.EINVAL;
        }
        if (index == -1)
        {
            int free = 0;
            while (free < TaskSegments.TlsEntries && _segments.Tls(task.Pid, _segments.FirstTls + free).Raw != 0)
            {
                free++;
            }
            if (free == TaskSegments.TlsEntries)
            {
                return -(long)Errno.ESRCH;
            }
            if (task.CopyUser(buffer, sizeof(int), write: true, _copyPs, entry) > 0)
            {
                return -(long)(task.IsBlocked ? Errno.ERESTARTSYS : Errno.EFAULT);
            }
            index = _segments.FirstTls + free;
        }
        if (index < _segments.FirstTls || index >= _segments.FirstTls + TaskSegments.TlsEntries)
        {
            return -(long)Errno.EINVAL;
        }
        _segments.WriteTls(task, index, none ? default : descriptor.ToDescriptor(), entry);
        // On the way back to user mode the registers are loaded anew.
        for (SegmentRegister register = SegmentRegister.Ds; register <= SegmentRegister.Gs; register++)
        {
            if (register != SegmentRegister.Ss && task.Cpu.TaskSelector(register) >> 3 == index)
            {
                TaskSegments.LoadOrNull(task.Cpu, register, task.Cpu.TaskSelector(register), entry);
            }
        }
        return 0;
    }

    private long WriteLdt(TaskContext task, in UserDescriptor descriptor, bool oldMode, long entry)
    {
        if ((uint)descriptor.EntryNumber >= MaxLdtEntries || (descriptor.Contents == 3 && (oldMode || !descriptor.SegNotPresent)))
        {
            return -(long)Errno.EINVAL;
        }
        bool none = descriptor.IsEmpty || (oldMode && descriptor.BaseAddress == 0 && descriptor.Limit == 0);
        SegmentDescriptor written = none ? default : (oldMode ? descriptor with { Useable = false } : descriptor).ToDescriptor();
        if (!_segments.WriteLocal(task.Mm, descriptor.EntryNumber, written, task.Cpu, entry))
        {
            return -(long)Errno.ENOMEM;
        }
        // Long mode refreshes DS and ES at once, i386 all but GS on the way back to user mode; the others keep what they have read.
        for (SegmentRegister register = SegmentRegister.Ds; register <= (_longMode ? SegmentRegister.Es : SegmentRegister.Fs); register++)
        {
            if (register != SegmentRegister.Ss && (task.Cpu.TaskSelector(register) & 4) != 0)
            {
                TaskSegments.LoadOrNull(task.Cpu, register, task.Cpu.TaskSelector(register), entry);
            }
        }
        return 0;
    }
}
