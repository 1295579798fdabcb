using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.ProcFs;

public class SmapsTests
{
    private const ulong At = 0x1000_0000;
    private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

    private readonly TestMachine _machine = new();
    private readonly int _pid;

    /// <summary>A process with private, shared and file memory of which every second page is touched, and a child that has it all too.</summary>
    public SmapsTests()
    {
        var cpu = _machine.Machine.Cpus[0];
        _pid = _machine.Virtual.Processes.Create("one", cpu, -1);
        var file = new MappedFile(_machine.Journal.Intern("/data"));
        Map(At, MapFlags.Private | MapFlags.Anonymous, MappedFile.None);
        Map(At + 0x10_0000, MapFlags.Shared | MapFlags.Anonymous, MappedFile.None);
        Map(At + 0x20_0000, MapFlags.Private, file);
        _machine.Virtual.Processes.Fork(_pid, "two", cpu, -1);
        Map(At + 0x30_0000, MapFlags.Private | MapFlags.Anonymous, MappedFile.None);

        void Map(ulong at, MapFlags flags, MappedFile mapped)
        {
            Assert.Equal((long)at, _machine.Virtual.Mapping.Mmap(_pid, at, 16 << 12, ReadWrite, flags | MapFlags.Fixed, mapped, 0, cpu, -1));
            for (ulong page = 0; page < 16; page += 2)
            {
                _machine.Virtual.Faults.Handle(
                    _pid, at + (page << 12), Sim.Hardware.Paging.PageFaultErrorCode.User | (page % 4 == 0 ? Sim.Hardware.Paging.PageFaultErrorCode.Write : 0), cpu, -1, out _);
            }
        }
    }

    /// <summary>
    /// Every line stands in the smaps of the kernel that runs the tests too, in the same order and as wide, but for THPeligible, which later
    /// kernels than 6.1 have aligned.
    /// </summary>
    [Theory]
    [InlineData("/proc/self/smaps")]
    [InlineData("/proc/self/smaps_rollup")]
    public void LinesAreThoseOfTheRunningKernel(string path)
    {
        Assert.SkipUnless(File.Exists(path), "There is no /proc here.");
        string[] real = [.. File.ReadLines(path).Skip(1).TakeWhile(l => !l.StartsWith("VmFlags", StringComparison.Ordinal))];
        string text = path.EndsWith("rollup", StringComparison.Ordinal)
            ? SmapsRollup.Render(_machine.Machine.State, _pid) : Smaps.Render(_machine.Machine.State, _pid, _machine.Journal.Symbols);
        string[] shown = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).TakeWhile(l => !l.StartsWith("VmFlags", StringComparison.Ordinal))];
        // Later kernels have more lines.
        string[] names = [.. real.Select(Name)];
        Assert.Equal(shown.Select(Name), names.Where(n => shown.Any(l => Name(l) == n)));
        Assert.All(shown.Where(l => Name(l) != "THPeligible"), l => Assert.Equal(real[Array.IndexOf(names, Name(l))].Length, l.Length));

        static string Name(string line) => line[..line.IndexOf(':', StringComparison.Ordinal)];
    }

    /// <summary>Sums over the areas; an area's pages are shared or private, clean or dirty.</summary>
    [Fact]
    public void TheRollupIsTheSumOfTheAreas()
    {
        SmapsRow[] rows = [.. Smaps.Rows(_machine.Machine.State, _pid, _machine.Journal.Symbols)];
        SmapsRollupRow all = SmapsRollup.Row(_machine.Machine.State, _pid);
        Assert.Equal((4, rows.Sum(r => r.Rss), rows.Sum(r => r.Anonymous)), (rows.Length, all.Rss, all.Anonymous));
        Assert.All(rows, r => Assert.Equal(r.Rss, r.SharedClean + r.SharedDirty + r.PrivateClean + r.PrivateDirty));
        AddressSpace mm = _machine.Spaces[_pid];
        Assert.Equal(mm.Rss << 2, all.Rss);
        Assert.Equal((16L, 16L, 0L), (rows[0].SharedDirty, rows[0].Rss, rows[3].SharedDirty));
        // What both processes map counts half for each.
        Assert.Equal((8L, 16L), (rows[0].Pss, rows[3].Pss));
        Assert.InRange(all.Pss, all.PssAnon + all.PssFile + all.PssShmem, all.PssAnon + all.PssFile + all.PssShmem + 2);
    }
}
