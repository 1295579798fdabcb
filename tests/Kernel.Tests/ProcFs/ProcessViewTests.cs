using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.ProcFs;

public partial class ProcessViewTests
{
    private const MapFlags Anonymous = MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    /// <summary>The areas of the process that runs the tests, mapped again in a simulated one, give the same lines.</summary>
    [Fact]
    public void MapsHasTheLayoutOfTheRunningKernel()
    {
        Assert.SkipUnless(File.Exists("/proc/self/maps") && Environment.Is64BitProcess, "There is no /proc of a 64-bit Linux here.");
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        var expected = new List<string>();
        foreach (string line in File.ReadAllLines("/proc/self/maps"))
        {
            Match match = MapsLine().Match(line);
            Assert.True(match.Success, line);
            string name = match.Groups["name"].Value;
            ulong start = Hex(match.Groups["start"].Value), end = Hex(match.Groups["end"].Value), offset = Hex(match.Groups["offset"].Value);
            if (start >= vm.Spaces.Layout.TaskSize || match.Groups["perms"].Value.EndsWith('s') || expected.Count == 200)
            {
                continue;
            }
            // Without a name of its own every line must stay an area of its own, so each is a file here.
            string shown = name.Length > 0 ? name : $"/anonymous/{expected.Count}";
            var file = new MappedFile(vm.Kernel.Journal.Intern(shown));
            string perms = match.Groups["perms"].Value;
            ProtFlags prot = (perms[0] == 'r' ? ProtFlags.Read : 0) | (perms[1] == 'w' ? ProtFlags.Write : 0) | (perms[2] == 'x' ? ProtFlags.Exec : 0);
            if (vm.Mmap(pid, start, end - start, prot, MapFlags.Private | MapFlags.Fixed, file, offset) != (long)start)
            {
                continue;
            }
            string head = $"{line[..line.IndexOf(match.Groups["dev"].Value + " ", StringComparison.Ordinal)]}{(shown[0] == '[' ? "00:00 0" : $"08:01 {file.Symbol}")} ";
            expected.Add(head.PadRight(line.Length > 73 && name.Length > 0 ? line.IndexOf(name, 40, StringComparison.Ordinal) : 73) + shown);
        }
        Assert.True(expected.Count > 5);
        string[] actual = Maps.Render(vm.Spaces, pid, vm.Kernel.Journal.Symbols).TrimEnd('\n').Split('\n');
        Assert.All(expected.Where(e => !NeighboursOfOneFile(e)), e => Assert.Contains(e, actual));

        // Two lines of one file that fit together are one area here and may be two there.
        bool NeighboursOfOneFile(string line) => !actual.Contains(line) && expected.Count(e => e[^12..] == line[^12..]) > 1;
    }

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?<start>[0-9a-f]+)-(?<end>[0-9a-f]+) (?<perms>[-rwxsp]{4}) (?<offset>[0-9a-f]+) (?<dev>[0-9a-f:]+) (?<inode>[0-9]+) *(?<name>.*)$")]
    private static partial Regex MapsLine();

    [Fact]
    public void MapsNamesHeapStackAndSharedMemory()
    {
        var vm = new TestVirtualMemory(KernelProfile.I386Classic);
        int pid = vm.NewProcess();
        vm.Mmap(pid, 0x08048000, 8192, ProtFlags.Read | ProtFlags.Exec, MapFlags.Private | MapFlags.Fixed, new MappedFile(vm.Kernel.Journal.Intern("/bin/true")));
        vm.Mapping.SetLayout(pid, 0x0804c000, 0xbfffff00, -1);
        vm.Brk(pid, 0x0806d000);
        vm.Mmap(pid, 0xb7ff0000, 4096, ReadWrite, MapFlags.Anonymous | MapFlags.Shared | MapFlags.Fixed);
        vm.Mmap(pid, 0xb7ff8000, 4096, ProtFlags.None, Anonymous);
        vm.Mapping.MapStack(pid, 0xbffdf000, 0xc0000000, vm.Cpu, -1);
        Assert.Equal(
            """
            08048000-0804a000 r-xp 00000000 08:01 2          /bin/true
            0804c000-0806d000 rw-p 00000000 00:00 0          [heap]
            b7ff0000-b7ff1000 rw-s 00000000 00:01 1          /dev/zero (deleted)
            b7ff8000-b7ff9000 ---p 00000000 00:00 0 
            bffdf000-c0000000 rw-p 00000000 00:00 0          [stack]

            """, Maps.Render(vm.Spaces, pid, vm.Kernel.Journal.Symbols));
    }

    [Fact]
    public void PageMapShowsWhatIsMappedAndNothingElse()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        vm.Mmap(pid, 0x100000, 1 << 24, ReadWrite, Anonymous);
        Assert.Empty(PageMap.Rows(vm.Spaces, vm.Kernel.Pages.Frames, pid));
        Assert.Equal(SegvCode.None, vm.Touch(pid, 0x101000, write: true));
        Assert.Equal(SegvCode.None, vm.Touch(pid, 0x500000, write: false));
        vm.Mprotect(pid, 0x101000, 4096, ProtFlags.None);
        PageMapRow[] rows = [.. PageMap.Rows(vm.Spaces, vm.Kernel.Pages.Frames, pid)];
        Assert.Equal(
            [
                new PageMapRow("0x101", false, vm.FrameAt(pid, 0x101000), "anon", false, false, true, true, 1),
                new PageMapRow("0x500", true, vm.Spaces.ZeroPfn, "zero", false, false, true, false, 0),
            ], rows);
        Assert.Equal(3, PageMap.Render(vm.Spaces, vm.Kernel.Pages.Frames, pid).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void StatusCountsWhatIsMapped()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        vm.Mmap(pid, 0x100000, 1 << 20, ReadWrite, Anonymous);
        for (ulong page = 0; page < 10; page++)
        {
            vm.Touch(pid, 0x100000 + (page << 12), write: page < 7);
        }
        vm.Munmap(pid, 0x100000, 4096);
        StatusRow row = Status.Row(vm.State, pid, vm.Kernel.Journal.Symbols);
        Assert.Equal(("test", 1020L, 1024L, 24L, 28L, 1020L), (row.Name, row.VmSize, row.VmPeak, row.VmRss, row.VmHwm, row.VmData));
        Assert.Equal((10L, 0L), (row.MinFlt, row.MajFlt));
        Assert.Throws<ArgumentException>(() => Status.Row(vm.State, 99, vm.Kernel.Journal.Symbols));
    }

    [Fact]
    public void StatusHasTheLayoutOfTheRunningKernel()
    {
        Assert.SkipUnless(File.Exists("/proc/self/status"), "There is no /proc here.");
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        string real = File.ReadAllText("/proc/self/status");
        string[] lines = Status.Render(vm.State, pid, vm.Kernel.Journal.Symbols).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int at = -1;
        foreach (string line in lines)
        {
            string label = line[..(line.IndexOf('\t') + 1)];
            int found = real.IndexOf(label, StringComparison.Ordinal);
            Assert.True(found > at, $"{label} is missing or in another place");
            at = found;
            string there = real[found..real.IndexOf('\n', found)];
            Assert.True(!label.StartsWith("Vm", StringComparison.Ordinal) || there.Length == line.Length, $"'{line}' against '{there}'");
        }
    }
}
