using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Exec;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Exec;

/// <summary>Random trees of fork, execve and exit, with pages touched in between, leave no frame, count or slot behind.</summary>
public class ProcessTreeTests
{
    private static readonly int _rounds = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 20_000 : 400;

    [Theory]
    [InlineData(KernelProfile.X86_64, 1)]
    [InlineData(KernelProfile.X86_64, 2)]
    [InlineData(KernelProfile.I386Pae, 3)]
    [InlineData(KernelProfile.I386Classic, 4)]
    public void NothingIsLeftBehind(KernelProfile profile, ulong seed)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(profile, sink: log);
        Cpu cpu = machine.Machine.Cpus[0];
        var programs = Programs.Usual(machine.Virtual.Programs.Abi.Class);
        string[] paths = ["/pie", "/static", "/ld", "/none", "/text"];
        var random = new RandomStream(seed, "tree");
        long free = FreePages(machine);
        int areas = machine.Spaces.Areas.Count, mapped = machine.Spaces.ReverseMap.Count;
        var live = new List<int> { machine.Virtual.Processes.Create("init", cpu, -1) };
        Execute(live[0]);
        int forks = 0, copies = 0;
        for (int round = 0; round < _rounds; round++)
        {
            int pid = live[(int)random.NextBelow((ulong)live.Count)];
            switch (random.NextBelow(8))
            {
                case 0 or 1 when live.Count < 24:
                    live.Add((int)machine.Virtual.Processes.Fork(pid, "child", cpu, -1));
                    forks++;
                    break;
                case 2:
                    Execute(pid);
                    break;
                case 3 when live.Count > 1:
                    End(pid);
                    live.Remove(pid);
                    break;
                default:
                    copies += Touch(pid);
                    break;
            }
            if (round % 40 == 0)
            {
                machine.AssertInvariants();
            }
        }
        Assert.True(forks > 20 && copies > 20, $"{forks} forks, {copies} copies");
        machine.AssertInvariants();
        // Parents and children end in any order.
        while (live.Count > 0)
        {
            int at = (int)random.NextBelow((ulong)live.Count);
            End(live[at]);
            live.RemoveAt(at);
        }
        Assert.Equal((areas, mapped, 0), (machine.Spaces.Areas.Count, machine.Spaces.ReverseMap.Count, machine.Tasks.Live));
        Assert.All(Enumerable.Range(1, machine.Spaces.MaxPid), pid => Assert.Null(machine.Spaces.Find(pid)));
        Assert.Equal(free, FreePages(machine) + machine.Spaces.Cache.Count);
        machine.AssertInvariants();

        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        Assert.Equal(machine.Machine.State.Hash(_ => true), folded.Hash(_ => true));

        void Execute(int pid)
        {
            string path = paths[random.NextBelow((ulong)paths.Length)];
            ExecResult result = machine.Virtual.Programs.Execute(pid, path, ProgramArguments.Of(path, [path], []), programs, cpu, -1);
            Assert.Equal(path is "/none" or "/text", result.Error != Errno.None);
        }

        // Some pages of an area, written where it may be; counts the writes that copied a shared page.
        int Touch(int pid)
        {
            AddressSpace mm = machine.Spaces[pid];
            if (mm.Areas.Count == 0)
            {
                return 0;
            }
            int copied = 0, skip = (int)random.NextBelow((ulong)mm.Areas.Count);
            AreaCursor at = AreaIndex.First;
            for (; skip > 0; skip--)
            {
                at = mm.Areas.Next(at);
            }
            VmArea area = machine.Spaces.Areas[mm.Areas.Handle(at)];
            bool write = (area.VmFlags & VmFlags.Write) != 0 && random.NextBelow(4) != 0;
            for (int i = 0; i < 4; i++)
            {
                ulong address = area.VmStart + (random.NextBelow((ulong)area.Pages) << 12);
                ulong before = machine.Spaces.Tables.ReadPte(mm.Root, address);
                PageFaultErrorCode code = PageFaultErrorCode.User | (write ? PageFaultErrorCode.Write : 0);
                if (before == 0 || (write && (before & (ulong)PteFlags.Write) == 0))
                {
                    code |= before != 0 ? PageFaultErrorCode.Protection : 0;
                    Assert.Equal(FaultResult.Resolved, machine.Virtual.Faults.Handle(pid, address, code, cpu, -1, out _));
                    ulong after = machine.Spaces.Tables.ReadPte(mm.Root, address);
                    copied += before != 0 && machine.Spaces.Tables.Mode.PfnOf(before) != machine.Spaces.Tables.Mode.PfnOf(after) ? 1 : 0;
                }
            }
            return copied;
        }

        void End(int pid)
        {
            long stack = machine.Tasks[pid].StackPfn;
            machine.Virtual.Processes.Exit(pid, 0, 0, cpu, -1);
            machine.Virtual.Processes.Release(stack, cpu, -1);
        }
    }

    private static long FreePages(TestMachine machine)
    {
        machine.Machine.Pages.DrainAll(machine.Machine.Cpus[0], -1);
        return machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages);
    }
}
