using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

public class MappingErrnoTests
{
    private const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private;

    [Theory]
    [InlineData(0UL, 0UL, Anonymous, Errno.EINVAL)]
    [InlineData(0UL, 4096UL, MapFlags.Anonymous, Errno.EINVAL)]
    [InlineData(0UL, 4096UL, MapFlags.Private, Errno.EBADF)]
    [InlineData(0x10800UL, 4096UL, Anonymous | MapFlags.Fixed, Errno.EINVAL)]
    [InlineData(0UL, 4096UL, Anonymous | MapFlags.Fixed, Errno.EPERM)]
    [InlineData(0xf000UL, 4096UL, Anonymous | MapFlags.Fixed, Errno.EPERM)]
    [InlineData(0x7fff_ffff_f000UL, 4096UL, Anonymous | MapFlags.Fixed, Errno.ENOMEM)]
    [InlineData(0UL, 0x8000_0000_0000UL, Anonymous, Errno.ENOMEM)]
    [InlineData(0UL, ulong.MaxValue, Anonymous, Errno.ENOMEM)]
    [InlineData(0UL, 0x1000_0000UL, Anonymous, Errno.ENOMEM)]
    [InlineData(0UL, 4096UL, MapFlags.Anonymous | MapFlags.Shared | MapFlags.GrowsDown, Errno.EINVAL)]
    [InlineData(0x20000UL, 4096UL, Anonymous | MapFlags.FixedNoReplace, Errno.EEXIST)]
    public void MmapRefuses(ulong address, ulong length, MapFlags flags, Errno expected)
    {
        var vm = new TestVirtualMemory(bytes: 128L << 20);
        int pid = vm.NewProcess();
        Assert.Equal(0x20000, vm.Mmap(pid, 0x20000, 4096, ProtFlags.Read, Anonymous | MapFlags.Fixed));
        // 256 MiB of writable memory are more than this machine has: heuristic overcommit refuses.
        Assert.Equal(-(long)expected, vm.Mmap(pid, address, length, ProtFlags.Read | ProtFlags.Write, flags));
        Assert.Single(vm.AreasOf(pid));
    }

    [Fact]
    public void ReadOnlyFilesAreNeverWritableWhenShared()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        var file = new MappedFile(vm.Kernel.Journal.Intern("/lib/libc.so"));
        Assert.Equal(-(long)Errno.EACCES, vm.Mmap(pid, 0, 4096, ProtFlags.Write, MapFlags.Shared, file));
        long address = vm.Mmap(pid, 0, 4096, ProtFlags.Read, MapFlags.Shared, file);
        Assert.True(address > 0);
        Assert.Equal(-(long)Errno.EACCES, vm.Mprotect(pid, (ulong)address, 4096, ProtFlags.Write));
        Assert.Equal(-(long)Errno.EACCES, vm.Mmap(pid, 0, 4096, ProtFlags.Read, MapFlags.Private, file with { Readable = false }));
    }

    [Fact]
    public void MunmapAndMprotectRefuseBadRanges()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 16384, ProtFlags.Read, Anonymous);
        Assert.Equal(-(long)Errno.EINVAL, vm.Munmap(pid, at + 1, 4096));
        Assert.Equal(-(long)Errno.EINVAL, vm.Munmap(pid, at, 0));
        Assert.Equal(-(long)Errno.EINVAL, vm.Munmap(pid, 0x7fff_ffff_f000, 4096));
        Assert.Equal(0, vm.Munmap(pid, 0x100000, 4096));
        Assert.Equal(-(long)Errno.EINVAL, vm.Mprotect(pid, at + 1, 4096, ProtFlags.Read));
        Assert.Equal(-(long)Errno.EINVAL, vm.Mprotect(pid, at, 4096, (ProtFlags)0x40));
        Assert.Equal(-(long)Errno.EINVAL, vm.Mprotect(pid, at, 4096, ProtFlags.GrowsDown));
        Assert.Equal(-(long)Errno.ENOMEM, vm.Mprotect(pid, at - 4096, 4096, ProtFlags.Write));
        // What was changed before the hole stays changed.
        Assert.Equal(-(long)Errno.ENOMEM, vm.Mprotect(pid, at + 8192, 16384, ProtFlags.None));
        Assert.Equal([VmFlags.Read, VmFlags.None], vm.AreasOf(pid).Select(a => a.VmFlags & VmFlags.Access));
    }

    [Fact]
    public void TooManyAreasAreRefused()
    {
        var vm = new TestVirtualMemory(options: new MmOptions { MaxMapCount = 4 });
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 64 << 12, ProtFlags.Read, Anonymous);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, vm.Munmap(pid, at + (ulong)(8 * i + 1 << 12), 4096));
        }
        Assert.Equal(-(long)Errno.ENOMEM, vm.Munmap(pid, at + (40 << 12), 4096));
        Assert.Equal(-(long)Errno.ENOMEM, vm.Mprotect(pid, at + (40 << 12), 4096, ProtFlags.None));
        Assert.Equal(0, vm.Munmap(pid, at, 4096));
    }

    [Fact]
    public void TheHeapStaysWhereItIsWhenItCannotMove()
    {
        var vm = new TestVirtualMemory(options: new MmOptions { DataLimitBytes = 1 << 20 });
        int pid = vm.NewProcess();
        vm.Mapping.SetLayout(pid, 0x555000, 0x7fff_ffff_e000, -1);
        Assert.Equal(0x555000, vm.Brk(pid, 0));
        Assert.Equal(0x555123, vm.Brk(pid, 0x555123));
        Assert.Equal(0x1000, (long)vm.AreasOf(pid)[0].VmEnd - 0x555000);
        Assert.Equal(0x555123, vm.Brk(pid, 0x554fff));
        Assert.Equal(0x555123, vm.Brk(pid, 0x555000 + (1 << 20) + 1));
        Assert.Equal(0x560000, vm.Mmap(pid, 0x560000, 4096, ProtFlags.Read, Anonymous | MapFlags.Fixed));
        Assert.Equal(0x555123, vm.Brk(pid, 0x560000));
        Assert.Equal(0x55f000, vm.Brk(pid, 0x55f000));
        Assert.Equal(0x556000, vm.Brk(pid, 0x556000));
        Assert.Equal(2, vm.AreasOf(pid).Count);
    }
}
