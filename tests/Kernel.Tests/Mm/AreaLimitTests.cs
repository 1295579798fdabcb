using System.Globalization;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Mission;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

/// <summary>
/// What calls answer, and leave behind, in an address space with nearly as many areas as it may have (vm.max_map_count): as a program finds
/// it with 65,530 areas on the kernel of the machine that runs the test.
/// </summary>
public sealed class AreaLimitTests
{
    private const ulong Arena = 0x1000_0000_0000, Page = 4096;
    private const int Most = 40;
    private const MapFlags Fixed = MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed;

    private static readonly Dictionary<string, Func<TestVirtualMemory, int, long>> _calls = new()
    {
        ["protect-part"] = (vm, pid) => vm.Mprotect(pid, At(8), 8 * Page, ProtFlags.None),
        ["protect-head"] = (vm, pid) => vm.Mprotect(pid, At(0), 8 * Page, ProtFlags.None),
        ["protect-rest"] = (vm, pid) => vm.Mprotect(pid, At(0), 8 * Page, ProtFlags.None) + vm.Mprotect(pid, At(4), 8 * Page, ProtFlags.Read),
        ["unmap-part"] = (vm, pid) => vm.Munmap(pid, At(8), 8 * Page),
        ["unmap-tail"] = (vm, pid) => vm.Munmap(pid, At(48), 16 * Page),
        ["advise-part"] = (vm, pid) => vm.Mapping.Madvise(pid, At(8), 8 * Page, MemoryAdvice.DontFork, vm.Cpu, -1),
        ["lock-part"] = (vm, pid) => vm.Mapping.Mlock(pid, At(8), 8 * Page, 0, vm.Cpu, -1),
        ["map-new"] = (vm, pid) => vm.Mmap(pid, At(128), Page, ProtFlags.Read, Fixed),
        ["map-over"] = (vm, pid) => vm.Mmap(pid, At(8), 8 * Page, ProtFlags.None, Fixed),
        ["lengthen"] = (vm, pid) => vm.Mapping.Mremap(pid, At(0), 64 * Page, 80 * Page, 0, 0, vm.Cpu, -1),
        ["shorten"] = (vm, pid) => vm.Mapping.Mremap(pid, At(0), 16 * Page, 8 * Page, 0, 0, vm.Cpu, -1),
        ["move"] = (vm, pid) => vm.Mapping.Mremap(pid, At(8), 8 * Page, 8 * Page, RemapFlags.MayMove | RemapFlags.Fixed, At(256), vm.Cpu, -1),
    };

    [Fact]
    public void CallsAtTheLimitDoWhatThisMachinesKernelDoes()
    {
        Dictionary<string, string[]> real = RealKernel.Ask("limit");
        Assert.True(KernelVersion.TryParse(File.ReadAllText("/proc/sys/kernel/osrelease"), out KernelVersion version));
        real.Remove("most");
        var here = real.Keys.ToDictionary(name => name, name => Run(name, version));
        Assert.Equal(string.Join('\n', real.Select(r => $"{r.Key} {string.Join(' ', r.Value)}")), string.Join('\n', here.Select(r => $"{r.Key} {r.Value}")));
        Assert.Equal(_calls.Count, real.Keys.Select(name => name.Split('/')[0]).Distinct().Count());
    }

    /// <summary>One case: the call with so many areas left; its result and the areas after it, as the program prints them.</summary>
    private static string Run(string name, KernelVersion version)
    {
        string[] parts = name.Split('/');
        int left = int.Parse(parts[1], CultureInfo.InvariantCulture);
        var vm = new TestVirtualMemory(options: new MmOptions { MaxMapCount = Most, LinuxVersion = version });
        int pid = vm.NewProcess();
        Assert.Equal((long)Arena, vm.Mmap(pid, Arena, 64 * Page, ProtFlags.Read, Fixed));
        for (ulong i = 0; vm.AreasOf(pid).Count < Most - left; i++)
        {
            ulong filler = 2 * Arena + i * 2 * Page;
            Assert.Equal((long)filler, vm.Mmap(pid, filler, Page, ProtFlags.None, Fixed));
        }
        long result = _calls[parts[0]](vm, pid);
        vm.AssertInvariants();
        long shown = result >= (long)Page ? (result - (long)Arena) / (long)Page : result;
        IEnumerable<string> areas = vm.AreasOf(pid).Where(a => a.VmStart < 2 * Arena).Select(a =>
            string.Create(CultureInfo.InvariantCulture, $"{(a.VmStart - Arena) / Page}+{(a.VmEnd - a.VmStart) / Page}{((a.VmFlags & VmFlags.Read) != 0 ? "r--p" : "---p")}"));
        return string.Join(' ', areas.Prepend(shown.ToString(CultureInfo.InvariantCulture)));
    }

    private static ulong At(ulong page) => Arena + page * Page;
}
