using Sim.Engine.Random;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

/// <summary>
/// Random mmap, munmap, mprotect, mremap, madvise, mlock, brk, touches and forks of a family of processes: the invariants hold all the
/// way, the log folds to the same state, and when all have ended every frame is free again.
/// </summary>
public class RemapFoldTests
{
    private const ulong Arena = 0x2000_0000;
    private const int Pages = 64, Calls = 400, MostProcesses = 5;

    [Theory]
    [InlineData(KernelProfile.X86_64, 1)]
    [InlineData(KernelProfile.X86_64, 2)]
    [InlineData(KernelProfile.X86_64, 3)]
    [InlineData(KernelProfile.I386Pae, 4)]
    [InlineData(KernelProfile.I386Classic, 5)]
    public void LogFoldsAndNothingIsLeftBehind(KernelProfile profile, ulong seed)
    {
        var log = new MemoryLog();
        var vm = new TestVirtualMemory(profile, 128L << 20, new MmOptions { FaultAroundPages = 16, LinuxVersion = seed % 2 == 0 ? new KernelVersion(6, 1, 176) : MmRules.Modelled }, log);
        int file = vm.Kernel.Journal.Intern("file");
        Assert.True(new FileLoader(vm.Spaces, vm.Kernel.Allocator, vm.Kernel.Journal).Load(file, 6, vm.Cpu, -1));
        long free = vm.FreeFrames();
        var random = new RandomStream(seed, "remap");
        var pids = new List<int> { vm.NewProcess() };
        vm.Mapping.SetLayout(pids[0], 0x1000_0000, 0, -1);
        vm.Mapping.SetLimits(pids[0], new ResourceLimits(8 << 20, -1, -1, 40 << 12), -1);
        int moved = 0, locked = 0, forked = 0;
        for (int i = 0; i < Calls; i++)
        {
            int pid = pids[(int)random.NextBelow((ulong)pids.Count)];
            ulong start = Arena + (random.NextBelow(Pages) << 12), length = (1 + random.NextBelow(12)) << 12;
            ulong other = Arena + (random.NextBelow(Pages) << 12);
            var prot = (ProtFlags)random.NextBelow(4);
            switch (random.NextBelow(14))
            {
                case 0 or 1:
                    Map(vm, pid, start, length, prot, file, random);
                    break;
                case 2:
                    vm.Munmap(pid, start, length);
                    break;
                case 3 or 4:
                    vm.Mprotect(pid, start, length, prot);
                    break;
                case 5 or 6:
                    var flags = (RemapFlags)random.NextBelow(8);
                    ulong old = (1 + random.NextBelow(3)) << 12, made = (flags & RemapFlags.DontUnmap) != 0 ? old : old + (random.NextBelow(3) << 12);
                    moved += vm.Mapping.Mremap(pid, start, old, made, flags, other, vm.Cpu, -1) > 0 ? 1 : 0;
                    break;
                case 7:
                    vm.Mapping.Madvise(pid, start, length, (MemoryAdvice)random.NextBelow(25), vm.Cpu, -1);
                    break;
                case 8:
                    locked += vm.Mapping.Mlock(pid, start, length, (int)random.NextBelow(2), vm.Cpu, -1) == 0 ? 1 : 0;
                    break;
                case 9:
                    vm.Mapping.Munlock(pid, start, length, vm.Cpu, -1);
                    break;
                case 10:
                    vm.Brk(pid, 0x1000_0000 + (random.NextBelow(10) << 12));
                    break;
                case 11 when pids.Count < MostProcesses:
                    int child = (int)vm.Processes.Fork(pid, "child", vm.Cpu, -1);
                    Assert.True(child > 0);
                    pids.Add(child);
                    forked++;
                    break;
                case 12 when pids.Count > 1:
                    End(vm, pid);
                    pids.Remove(pid);
                    break;
                default:
                    vm.Touch(pid, start, write: random.NextBelow(3) != 0);
                    break;
            }
            if (i % 20 == 19)
            {
                vm.AssertInvariants();
                Assert.All(pids, p => Assert.True(vm.Spaces[p].LockedVm >= 0));
            }
        }
        Assert.True(moved > 5 && locked > 0 && forked > 3, $"{moved} moved, {locked} locked, {forked} forked");
        Assert.Equal(vm.Hash(), vm.FoldedHash(log));
        pids.ForEach(p => End(vm, p));
        vm.AssertInvariants();
        Assert.Equal(free, vm.FreeFrames());
    }

    private static void Map(TestVirtualMemory vm, int pid, ulong start, ulong length, ProtFlags prot, int file, RandomStream random)
    {
        MapFlags kind = (random.NextBelow(3) == 0 ? MapFlags.Shared : MapFlags.Private) | MapFlags.Fixed
            | (random.NextBelow(4) == 0 ? MapFlags.Populate : 0) | (random.NextBelow(6) == 0 ? MapFlags.Locked : 0);
        bool ofFile = random.NextBelow(3) == 0;
        vm.Mmap(
            pid, start, length, prot, ofFile ? kind : kind | MapFlags.Anonymous, ofFile ? new MappedFile(file, true, true) : default,
            ofFile ? random.NextBelow(4) << 12 : 0);
    }

    private static void End(TestVirtualMemory vm, int pid)
    {
        long stack = vm.State.Tasks[pid].StackPfn;
        vm.Processes.Release(stack, vm.Cpu, vm.Processes.Exit(pid, 0, 9, vm.Cpu, -1));
    }
}
