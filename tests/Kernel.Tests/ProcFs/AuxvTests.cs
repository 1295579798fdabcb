using Sim.Kernel.Exec;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Exec;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.ProcFs;

public class AuxvTests
{
    [Fact]
    public void APairALineInTheKernelsOrder()
    {
        var machine = new TestMachine(KernelProfile.I386Pae);
        var cpu = machine.Machine.Cpus[0];
        int pid = machine.Virtual.Processes.Create("init", cpu, -1);
        Assert.Empty(Auxv.Render(machine.Spaces, pid));
        machine.Virtual.Programs.Execute(pid, "/pie", ProgramArguments.Of("/pie", ["/pie"], []), Programs.Usual(ElfClass.Elf32), cpu, -1);
        string[] lines = Auxv.Render(machine.Spaces, pid).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(21, lines.Length);
        Assert.StartsWith("AT_SYSINFO:      0x", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("AT_SYSINFO_EHDR: 0x", lines[1], StringComparison.Ordinal);
        Assert.Contains("AT_PAGESZ:       4096", lines);
        Assert.Contains("AT_PHDR:         0x400034", lines);
        Assert.Equal(21, Auxv.Rows(machine.Spaces, pid).Count);
        Assert.Equal(("AT_PHNUM", 5, "0x4"), Auxv.Rows(machine.Spaces, pid).Select(r => (r.Name, r.Type, r.Value)).Single(r => r.Type == 5));
    }
}
