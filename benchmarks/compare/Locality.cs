using System.Globalization;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Hardware.Dram;
using Sim.Host.Experiments;
using Sim.Host.Workloads;
using Sim.Kernel;

namespace Sim.Compare;

/// <summary>How well a stream of accesses fits the caches: what decides how much work an access is.</summary>
/// <param name="L1Misses">Share of the translations not found in the L1 TLBs.</param>
/// <param name="Walks">Share of the translations that needed a page walk.</param>
/// <param name="RowMisses">Share of the memory requests that did not find their row open.</param>
internal readonly record struct Locality(double L1Misses, double Walks, double RowMisses)
{
    /// <summary>Measures an experiment's replay.</summary>
    public static Locality Of(Experiment experiment)
    {
        var journal = new Journal(new NoLog(), RecordedRun.Simulator.Catalogue);
        var machine = new Machine(MachineModel.OptionsOf(experiment), journal, new TimingWheelEventQueue());
        var workload = new TraceWorkload(machine, (TraceOptions)experiment.Workload[0]);
        machine.Boot();
        workload.Start(machine.Scheduler.NowPs);
        while (!workload.IsFinished && machine.Scheduler.Step())
        {
        }
        CpuCounters cpu = machine.Cpus[0].Counters;
        DramCounters dram = machine.Board.Dram.Counters;
        return new Locality(
            (double)cpu.L1TlbMisses / cpu.Accesses, (double)cpu.Walks / cpu.Accesses, 1 - ((double)dram.RowHits / dram.Requests));
    }

    public static Locality operator +(Locality a, Locality b) =>
        new(a.L1Misses + b.L1Misses, a.Walks + b.Walks, a.RowMisses + b.RowMisses);

    public static Locality operator /(Locality sum, int count) =>
        new(sum.L1Misses / count, sum.Walks / count, sum.RowMisses / count);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"L1 TLB misses {L1Misses:P2}, walks {Walks:P2}, row misses {RowMisses:P1}");

    private sealed class NoLog : IBlockSink
    {
        public byte[] Submit(in RawBlock block) => block.Payload;
    }
}
