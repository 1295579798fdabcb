using Sim.Engine.Random;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

/// <summary>Sequences of calls against a dictionary from page to permissions, the simplest thing that can be right.</summary>
public class MappingModelTests
{
    private const ulong Arena = 0x2000_0000;
    private const int ArenaPages = 96;

    [Theory]
    [InlineData(KernelProfile.X86_64, 1)]
    [InlineData(KernelProfile.X86_64, 2)]
    [InlineData(KernelProfile.X86_64, 3)]
    [InlineData(KernelProfile.I386Classic, 4)]
    [InlineData(KernelProfile.I386Classic, 5)]
    public void PagesHaveWhatTheDictionarySays(KernelProfile profile, ulong seed)
    {
        var vm = new TestVirtualMemory(profile);
        var random = new RandomStream(seed, "calls");
        int pid = vm.NewProcess();
        var model = new Dictionary<ulong, (ProtFlags Prot, bool Shared)>();
        for (int i = 0; i < 1_500; i++)
        {
            Step(vm, pid, random, model);
            if (i % 50 == 0)
            {
                Check(vm, pid, model);
            }
        }
        Check(vm, pid, model);
        vm.Munmap(pid, Arena, ArenaPages * 4096);
        Assert.Equal(0, vm.Spaces[pid].Rss);
        Assert.Equal(0, vm.Spaces[pid].PageTables);
    }

    private static void Step(TestVirtualMemory vm, int pid, RandomStream random, Dictionary<ulong, (ProtFlags Prot, bool Shared)> model)
    {
        ulong draw = random.NextUInt64();
        ulong page = (draw >> 8) % ArenaPages, pages = 1 + (draw >> 16) % Math.Min(12, ArenaPages - page);
        ulong start = Arena + page * 4096;
        var prot = (ProtFlags)((draw >> 24) % 8);
        var range = Enumerable.Range(0, (int)pages).Select(p => start + (ulong)p * 4096).ToArray();
        switch (draw % 8)
        {
            case 0 or 1:
                bool shared = (draw >> 32) % 4 == 0;
                MapFlags flags = MapFlags.Anonymous | MapFlags.Fixed | (shared ? MapFlags.Shared : MapFlags.Private);
                Assert.Equal((long)start, vm.Mmap(pid, start, pages * 4096, prot, flags));
                Array.ForEach(range, a => model[a] = (prot, shared));
                break;
            case 2:
                Assert.Equal(0, vm.Munmap(pid, start, pages * 4096));
                Array.ForEach(range, a => model.Remove(a));
                break;
            case 3 or 4:
                bool mapped = range.All(model.ContainsKey);
                Assert.Equal(mapped ? 0 : -(long)Errno.ENOMEM, vm.Mprotect(pid, start, pages * 4096, prot));
                foreach (ulong a in range.TakeWhile(model.ContainsKey))
                {
                    model[a] = (prot, model[a].Shared);
                }
                break;
            default:
                bool write = (draw >> 40) % 2 == 0;
                bool known = model.TryGetValue(start, out var has);
                SegvCode expected = !known ? SegvCode.MapErr
                    : (write ? (has.Prot & ProtFlags.Write) != 0 : has.Prot != 0) ? SegvCode.None : SegvCode.AccErr;
                Assert.Equal(expected, vm.Touch(pid, start, write));
                break;
        }
    }

    private static void Check(TestVirtualMemory vm, int pid, Dictionary<ulong, (ProtFlags Prot, bool Shared)> model)
    {
        vm.AssertInvariants();
        var pages = new Dictionary<ulong, (ProtFlags, bool)>();
        foreach (VmArea area in vm.AreasOf(pid))
        {
            for (ulong a = area.VmStart; a < area.VmEnd; a += 4096)
            {
                pages[a] = ((ProtFlags)(int)(area.VmFlags & VmFlags.Access), (area.VmFlags & VmFlags.Shared) != 0);
            }
        }
        Assert.Equal(model.OrderBy(p => p.Key).Select(p => (p.Key, p.Value)), pages.OrderBy(p => p.Key).Select(p => (p.Key, p.Value)));
    }

    /// <summary>Without pages no anon_vma keeps neighbours apart, so equal neighbours are always one area after mmap.</summary>
    [Fact]
    public void UntouchedNeighboursOfOneKindAreOneArea()
    {
        var vm = new TestVirtualMemory();
        var random = new RandomStream(11, "merge");
        int pid = vm.NewProcess();
        for (int i = 0; i < 3_000; i++)
        {
            ulong draw = random.NextUInt64();
            ulong start = Arena + (draw >> 8) % ArenaPages * 4096, length = (1 + (draw >> 16) % 8) * 4096;
            if (draw % 3 == 0)
            {
                vm.Munmap(pid, start, length);
            }
            else
            {
                vm.Mmap(pid, start, length, (ProtFlags)((draw >> 24) % 2 * 3), MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
            }
            List<VmArea> areas = vm.AreasOf(pid);
            for (int a = 1; a < areas.Count; a++)
            {
                Assert.False(areas[a - 1].VmEnd == areas[a].VmStart && areas[a - 1].VmFlags == areas[a].VmFlags,
                    $"step {i}: two areas meet at 0x{areas[a].VmStart:x} and are of one kind");
            }
        }
    }
}
