using Sim.Engine.Events;
using Sim.Engine.Replay;
using Sim.Hardware.Tlb;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.EndToEnd;
using Sim.Kernel;
using Sim.Kernel.Zones;

namespace Sim.Host.Tests.Runs;

/// <summary>Invariant: a run's state is a possible one at every checkpoint, and an impossible one is found.</summary>
[Collection(RunCollection.Name)]
public sealed class InvariantCheckTests(RunLibrary library)
{
    [Theory]
    [InlineData("fragmentation")]
    [InlineData("processes")]
    [InlineData("processes-i386")]
    [InlineData("slab")]
    [InlineData("trace")]
    public void EveryRunKeepsThem(string workload)
    {
        using RecordedRun run = RecordedRun.Open(library.Run(workload), Application.Reader);
        FoldedMachine machine = Application.Simulator.CreateState(run.Experiment, []);
        var check = new InvariantCheck(machine.State, run.Log.Events, hasTlbs: true);
        new Fold(run.Log, Application.Simulator.Catalogue, [check, .. machine.Appliers]).ToEnd();
        Assert.InRange(check.Checked, 10, 70);
    }

    [Fact]
    public void AnImpossibleStateIsFound()
    {
        using RecordedRun run = RecordedRun.Open(library.Run("processes"), Application.Reader);
        Broken(run, state => state.Memory.Pages.Frames[FirstFree(state)].Order++);
        Broken(run, state => state.Memory.Pages.Frames[FirstFree(state)].State = FrameState.Allocated);
        Broken(run, state =>
        {
            // A translation that the TLB of a CPU with a task has, and the page tables have no longer.
            Sim.Kernel.Mm.PageTables tables = state.Virtual.Spaces.Tables;
            (long root, ulong address) = FirstTranslation(state);
            tables.Write(tables.FindLeafTable(root, address, out _), address, 0);
        });
    }

    private static void Broken(RecordedRun run, Action<MachineState> harm)
    {
        FoldedMachine machine = Application.Simulator.CreateState(run.Experiment, []);
        var fold = new Fold(run.Log, Application.Simulator.Catalogue, machine.Appliers);
        var cursor = new EventCursor(run.Log);
        cursor.Only(["state.checkpoint"]);
        cursor.Seek(run.Log.Events * 2 / 3);
        Assert.True(cursor.MoveNext());
        fold.ToSequence(cursor.Header.Sequence);
        Assert.Null(MachineInvariants.Violation(machine.State, hasTlbs: true));
        harm(machine.State);
        Assert.NotNull(MachineInvariants.Violation(machine.State, hasTlbs: true));
        var check = new InvariantCheck(machine.State, 1, hasTlbs: true);
        var e = new StateCheckpoint(0);
        var header = new EventHeader(7, 0, -1);
        Assert.Equal(ExitCode.Diverged, Assert.Throws<CommandException>(() => check.Apply(in e, in header)).ExitCode);
    }

    private static long FirstFree(MachineState state) =>
        Enumerable.Range(0, state.Memory.Pages.Frames.Count).First(p => state.Memory.Pages.Frames[p].State == FrameState.Buddy);

    private static (long Root, ulong Address) FirstTranslation(MachineState state)
    {
        for (int cpu = 0; cpu < state.Hardware.Tlb.Cpus; cpu++)
        {
            int asid = state.Hardware.Cpus.Asid(cpu);
            foreach (ulong tag in state.Hardware.Tlb.Tags(cpu))
            {
                if (state.Virtual.Tasks.Current(cpu) != 0 && tag != TlbGeometry.Empty && (int)(tag >> 52) == asid)
                {
                    return (state.Hardware.Cpus.RootPfn(cpu), (tag & ((1UL << 50) - 1)) << 12);
                }
            }
        }
        throw new InvalidOperationException("No CPU has a translation.");
    }
}
