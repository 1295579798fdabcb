using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Tasks;

/// <summary>Tasks share CPUs by their weights, those that slept come soon, and no CPU is idle while tasks wait.</summary>
public sealed class FairSchedulingTests
{
    private const ulong At = 0x1000_0000;
    private const long Millisecond = 1_000_000_000;

    /// <summary>Values that sched(7) and the kernel's table give.</summary>
    [Theory]
    [InlineData(0, 1024)]
    [InlineData(1, 820)]
    [InlineData(5, 335)]
    [InlineData(19, 15)]
    [InlineData(-1, 1277)]
    [InlineData(-5, 3121)]
    [InlineData(-20, 88761)]
    public void WeightsAreTheKernels(int nice, int weight) => Assert.InRange(TaskWeight.Of(nice), weight - 1 - weight / 250, weight + 1 + weight / 250);

    [Theory]
    [InlineData(new[] { 0, 0 })]
    [InlineData(new[] { 0, 5 })]
    [InlineData(new[] { -3, 0, 4 })]
    [InlineData(new[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    public void TasksThatOnlyComputeShareACpuByTheirWeights(int[] nice)
    {
        var machine = new TestMachine(tasks: new TaskOptions { TimerHz = 1_000 });
        int[] pids = [.. nice.Select((n, i) => machine.Virtual.Tasks.Start($"t{i}", 0, Computer(long.MaxValue), -1, n))];
        machine.Run(400 * Millisecond);
        double total = pids.Sum(p => (double)machine.Tasks[p].RuntimeNs), weights = nice.Sum(TaskWeight.Of);
        foreach ((int pid, int n) in pids.Zip(nice))
        {
            Assert.Equal(TaskWeight.Of(n) / weights, machine.Tasks[pid].RuntimeNs / total, tolerance: 0.05);
        }
        Assert.Equal(400e6, total, tolerance: 20e6);
    }

    [Fact]
    public void ATaskThatSlept_ComesBeforeOneThatComputes()
    {
        var machine = new TestMachine(tasks: new TaskOptions { TimerHz = 100 });
        var late = new List<long>();
        long due = 0;
        machine.Virtual.Tasks.Start("computes", 0, Computer(100 * Millisecond), -1);
        machine.Virtual.Tasks.Start("sleeps", 0, new ScriptedProgram((task, step) =>
        {
            late.Add(task.Cpu.TimePs - due);
            task.SleepPs = 3 * Millisecond;
            due = task.Cpu.TimePs + task.SleepPs;
            return step < 20 ? ProgramStatus.Sleeping : ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.All(late.Skip(1), ps => Assert.InRange(ps, 0, Millisecond / 10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnIdleCpuTakesTasksOfABusyOne(bool balance)
    {
        var machine = new TestMachine(cpus: 4, tasks: new TaskOptions { Balance = balance });
        int[] pids = [.. Enumerable.Range(0, 8).Select(i => machine.Virtual.Tasks.Start($"t{i}", 0, Computer(20 * Millisecond), -1))];
        machine.Run(60 * Millisecond);
        Assert.Equal(balance, machine.Virtual.Tasks.AllEnded);
        machine.Run(150 * Millisecond);
        Assert.Equal(balance, machine.Virtual.Tasks.AllEnded);
        machine.Run();
        Assert.True(machine.Virtual.Tasks.AllEnded);
        int migrations = pids.Sum(pid => machine.Tasks[pid].Migrations);
        Assert.True(balance ? migrations >= 3 : migrations == 0, $"{migrations} migrations");
        machine.AssertInvariants();
        Assert.Null(TlbInvariants.Violation(machine.Machine.State));
    }

    /// <summary>A CPU that idles between two stretches of the same task does not lose its translations.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnIdleCpuKeepsTheAddressSpace(bool pcid)
    {
        var machine = new TestMachine(pcid: pcid);
        var walks = new List<long>();
        machine.Virtual.Tasks.Start("alone", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 8 << 12, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
            }
            for (ulong page = 0; page < 8; page++)
            {
                Assert.True(task.Access(At + (page << 12), 8, AccessKind.Store));
            }
            walks.Add(task.Cpu.Counters.Walks);
            task.SleepPs = Millisecond;
            return step < 3 ? ProgramStatus.Sleeping : ProgramStatus.Exited;
        }), -1);
        machine.Run();
        Assert.Equal(4, walks.Count);
        Assert.All(walks, w => Assert.Equal(walks[0], w));
    }

    /// <summary>The queue is what a stable sort of its tasks gives.</summary>
    [Fact]
    public void TheRunQueueIsSorted() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200),
        Prop.ForAll(ArbMap.Default.ArbFor<(byte, bool)[]>(), steps =>
        {
            var queue = new RunQueue();
            var model = new List<(int Pid, long Vruntime)>();
            for (int i = 0; i < steps.Length; i++)
            {
                if (steps[i].Item2 && model.Count > 0)
                {
                    int at = steps[i].Item1 % model.Count;
                    queue.Remove(model[at].Pid, 1024);
                    model.RemoveAt(at);
                }
                else
                {
                    queue.Add(i + 1, steps[i].Item1, 1024);
                    model.Add((i + 1, steps[i].Item1));
                }
                (int Pid, long Vruntime)[] sorted = [.. model.OrderBy(t => t.Vruntime)];
                Assert.Equal(sorted.Length, queue.Count);
                Assert.Equal(sorted.Length * 1024, queue.Weight);
                Assert.Equal(sorted.Length == 0 ? (0, 0) : (sorted[0].Pid, sorted[^1].Pid), (queue.First, queue.Last));
            }
        }));

    /// <summary>Reads one page over and over, for so much time on a CPU.</summary>
    private static ScriptedProgram Computer(long ps)
    {
        var batch = new MemoryAccess[64];
        long used = 0;
        return new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 4096, ProtFlags.Read | ProtFlags.Write, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
                Array.Fill(batch, new MemoryAccess(At, 8, AccessKind.Load) { ComputeCycles = 1_000 });
            }
            long from = task.Cpu.TimePs;
            while (!task.IsOver)
            {
                task.Run(batch);
            }
            used += task.Cpu.TimePs - from;
            return used < ps ? ProgramStatus.Running : ProgramStatus.Exited;
        });
    }
}
