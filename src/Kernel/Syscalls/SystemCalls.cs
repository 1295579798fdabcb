using Sim.Engine.Events;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Syscalls;

/// <summary>
/// The system calls as a program makes them: into the kernel, the work, and back, with their time. Results are an address or a
/// count, or minus an <see cref="Errno"/>.
/// </summary>
public sealed class SystemCalls
{
    /// <summary>How far a call that sleeps is with its buffers.</summary>
    private struct Copying
    {
        public ulong Address;
        public long Done;
        public int Nr, Buffer;
    }

    private readonly MappingCalls _mapping;
    private readonly SyscallGate _gate;
    private readonly SyscallNumbers _numbers;
    private readonly FileCalls _files;
    private readonly long _copyPs;
    private Copying[] _copying = [];

    /// <param name="profile">Decides the numbers.</param>
    /// <param name="mapping">Does the work on address spaces.</param>
    /// <param name="journal">Where results go.</param>
    /// <param name="costs">Time of copies.</param>
    /// <param name="files">Does the work on files.</param>
    internal SystemCalls(KernelProfile profile, MappingCalls mapping, Journal journal, MmCosts costs, FileCalls files)
    {
        _files = files;
        _mapping = mapping;
        _gate = new SyscallGate(journal);
        _numbers = SyscallNumbers.Of(profile);
        _copyPs = costs.UserCopyPageNs * 1000L;
    }

    /// <summary>mmap; <see cref="MappingCalls.Mmap"/> tells the errors.</summary>
    public long Mmap(
        TaskContext task, ulong address, ulong length, ProtFlags prot, MapFlags flags, MappedFile file = default, ulong offset = 0)
    {
        long entry = _gate.Enter(task, _numbers.Mmap);
        long result = _mapping.Mmap(task.Mm, address, length, prot, flags, file, offset, task.Cpu, entry);
        return _gate.Return(task, _numbers.Mmap, address, (long)length, (long)prot | (long)flags << 32, result, entry);
    }

    /// <summary>munmap; <see cref="MappingCalls.Munmap"/> tells the errors.</summary>
    public long Munmap(TaskContext task, ulong address, ulong length)
    {
        long entry = _gate.Enter(task, _numbers.Munmap);
        long result = _mapping.Munmap(task.Mm, address, length, task.Cpu, entry);
        return _gate.Return(task, _numbers.Munmap, address, (long)length, 0, result, entry);
    }

    /// <summary>mprotect; <see cref="MappingCalls.Mprotect"/> tells the errors.</summary>
    public long Mprotect(TaskContext task, ulong address, ulong length, ProtFlags prot)
    {
        long entry = _gate.Enter(task, _numbers.Mprotect);
        long result = _mapping.Mprotect(task.Mm, address, length, prot, task.Cpu, entry);
        return _gate.Return(task, _numbers.Mprotect, address, (long)length, (long)prot, result, entry);
    }

    /// <summary>mremap; <see cref="MappingCalls.Mremap"/> tells the errors.</summary>
    public long Mremap(TaskContext task, ulong address, ulong oldLength, ulong newLength, RemapFlags flags, ulong newAddress = 0)
    {
        long entry = _gate.Enter(task, _numbers.Mremap);
        long result = _mapping.Mremap(task.Mm, address, oldLength, newLength, flags, newAddress, task.Cpu, entry);
        return _gate.Return(task, _numbers.Mremap, address, (long)oldLength, (long)newLength, result, entry);
    }

    /// <summary>madvise; <see cref="MappingCalls.Madvise"/> tells the errors. ERESTARTSYS: the task sleeps, and the call is to be made again.</summary>
    public long Madvise(TaskContext task, ulong address, ulong length, MemoryAdvice advice)
    {
        long entry = _gate.Enter(task, _numbers.Madvise);
        long result = _mapping.Madvise(task.Mm, address, length, advice, task.Cpu, entry);
        return MustSleep(task, result, entry) ? result : _gate.Return(task, _numbers.Madvise, address, (long)length, (long)advice, result, entry);
    }

    /// <summary>
    /// mlock2, without flags the same as mlock; <see cref="MappingCalls.Mlock"/> tells the errors. ERESTARTSYS: the task sleeps, and the
    /// call is to be made again.
    /// </summary>
    public long Mlock(TaskContext task, ulong address, ulong length, int flags = 0)
    {
        long entry = _gate.Enter(task, _numbers.Mlock2);
        long result = _mapping.Mlock(task.Mm, address, length, flags, task.Cpu, entry);
        return MustSleep(task, result, entry) ? result : _gate.Return(task, _numbers.Mlock2, address, (long)length, flags, result, entry);
    }

    /// <summary>munlock; <see cref="MappingCalls.Munlock"/> tells the errors.</summary>
    public long Munlock(TaskContext task, ulong address, ulong length)
    {
        long entry = _gate.Enter(task, _numbers.Munlock);
        long result = _mapping.Munlock(task.Mm, address, length, task.Cpu, entry);
        return _gate.Return(task, _numbers.Munlock, address, (long)length, 0, result, entry);
    }

    /// <summary>brk: the break afterwards; 0 asks for it.</summary>
    public long Brk(TaskContext task, ulong brk)
    {
        long entry = _gate.Enter(task, _numbers.Brk);
        long result = _mapping.Brk(task.Mm, brk, task.Cpu, entry);
        return _gate.Return(task, _numbers.Brk, brk, 0, 0, result, entry);
    }

    /// <summary>Makes a file of so many pages, none of them in memory; one that is there gets that length.</summary>
    public void Create(int file, long pages, long cause) => _files.Create(file, pages, cause);

    /// <summary>
    /// pread of a file: through the page cache, whose missing pages are read from the device; the task sleeps for them. EBADF: not open
    /// for reading. EINVAL: a negative offset or length. EFAULT: the buffer cannot be written. ENOMEM: no memory for the file's pages.
    /// </summary>
    /// <returns>Bytes read, less than asked at the file's end; minus an errno; or minus <see cref="Errno.ERESTARTSYS"/> when the call is to be made again.</returns>
    public long Read(TaskContext task, MappedFile file, ulong buffer, long length, long offset)
    {
        long entry = _gate.Enter(task, _numbers.Pread64);
        long result = _files.Read(task, file, buffer, length, offset, entry);
        return task.IsBlocked ? result : _gate.Return(task, _numbers.Pread64, buffer, length, offset, result, entry);
    }

    /// <summary>
    /// pwrite of a file: into the page cache; the device has it later. The task sleeps for a page of which part stays, and when too much
    /// is dirty. EBADF: not open for writing. EINVAL: a negative offset or length. EFAULT: the buffer cannot be read. ENOMEM: no memory
    /// for the file's pages.
    /// </summary>
    /// <returns>Bytes written; minus an errno; or minus <see cref="Errno.ERESTARTSYS"/> when the call is to be made again.</returns>
    public long Write(TaskContext task, MappedFile file, ulong buffer, long length, long offset)
    {
        long entry = _gate.Enter(task, _numbers.Pwrite64);
        long result = _files.Write(task, file, buffer, length, offset, entry);
        return task.IsBlocked ? result : _gate.Return(task, _numbers.Pwrite64, buffer, length, offset, result, entry);
    }

    /// <summary>fsync: the device has all that was written on return. EBADF: no file.</summary>
    /// <returns>0; minus an errno; or minus <see cref="Errno.ERESTARTSYS"/> when the call is to be made again.</returns>
    public long Fsync(TaskContext task, MappedFile file)
    {
        long entry = _gate.Enter(task, _numbers.Fsync);
        long result = _files.Fsync(task, file, entry);
        return task.IsBlocked ? result : _gate.Return(task, _numbers.Fsync, 0, 0, 0, result, entry);
    }

    /// <summary>ftruncate: what lies behind the new end is lost, mapped or not. EBADF: not open for writing. EINVAL: a negative length.</summary>
    /// <returns>0; minus an errno; or minus <see cref="Errno.ERESTARTSYS"/> when the call is to be made again.</returns>
    public long Ftruncate(TaskContext task, MappedFile file, long length)
    {
        long entry = _gate.Enter(task, _numbers.Ftruncate);
        long result = _files.Truncate(task, file, length, entry);
        return task.IsBlocked ? result : _gate.Return(task, _numbers.Ftruncate, 0, length, 0, result, entry);
    }

    /// <summary>
    /// A call that changes no mapping, such as read or write: the kernel accesses the buffers, whose pages are faulted in.
    /// </summary>
    /// <param name="task">Who calls.</param>
    /// <param name="nr">Number of the call.</param>
    /// <param name="buffers">What it accesses, in order.</param>
    /// <param name="result">What the call gives back when all buffers can be accessed.</param>
    /// <returns>The result; minus <see cref="Errno.EFAULT"/>; or minus <see cref="Errno.ERESTARTSYS"/> when the call is to be made again.</returns>
    public long Other(TaskContext task, int nr, ReadOnlySpan<UserBuffer> buffers, long result)
    {
        long entry = _gate.Enter(task, nr);
        UserBuffer first = buffers.IsEmpty ? default : buffers[0];
        ref Copying copying = ref Begin(task.Pid, nr, in first);
        for (; copying.Buffer < buffers.Length; copying.Buffer++, copying.Done = 0)
        {
            ref readonly UserBuffer buffer = ref buffers[copying.Buffer];
            long length = buffer.Length - copying.Done;
            long left = task.CopyUser(buffer.Address + (ulong)copying.Done, length, buffer.Write, _copyPs, entry);
            if (left > 0 && task.IsBlocked)
            {
                // The task sleeps in the kernel, and goes on from there when it makes the call anew.
                copying.Done += length - left;
                return -(long)Errno.ERESTARTSYS;
            }
            if (left > 0)
            {
                result = -(long)Errno.EFAULT;
                break;
            }
        }
        copying = default;
        return _gate.Return(task, nr, first.Address, first.Length, buffers.Length, result, entry);
    }

    /// <summary>How far a task's call is; from its start when it is another than the one that slept.</summary>
    private ref Copying Begin(int pid, int nr, in UserBuffer first)
    {
        if (pid >= _copying.Length)
        {
            Array.Resize(ref _copying, Math.Max(pid + 1, _copying.Length * 2));
        }
        ref Copying copying = ref _copying[pid];
        if ((copying.Nr, copying.Address) != (nr, first.Address))
        {
            copying = new Copying { Nr = nr, Address = first.Address };
        }
        return ref copying;
    }

    /// <summary>The call came to a page that has to be read first: the task sleeps in the kernel, and makes the call anew.</summary>
    private static bool MustSleep(TaskContext task, long result, long entry)
    {
        if (result == -(long)Errno.ERESTARTSYS)
        {
            task.Block(entry);
        }
        return task.IsBlocked;
    }
}
