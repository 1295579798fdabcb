using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware;
using Sim.Host.Workloads;
using Sim.Kernel;
using Sim.Kernel.Boot;
using Sim.Kernel.Events;

namespace Sim.Compare;

internal static class FragmentationSection
{
    public static IEnumerable<Figure> Run()
    {
        var catalogue = new EventCatalogue();
        KernelEvents.AddTo(catalogue);
        var sink = new CountingSink();
        var journal = new Journal(sink, catalogue);
        var machine = new Machine(new MachineOptions(new HardwareOptions { Cpus = 4 }, new KernelOptions(), MemoryMap.FromSize(1L << 30)), journal, new TimingWheelEventQueue());
        machine.Boot();
        var workload = new FragmentationWorkload(machine, new FragmentationOptions { Duration = Sim.Engine.Time.SimTime.FromMs(2000) }, 1, "w");
        workload.Start(0);
        for (int i = 0; i < 300_000; i++)
        {
            machine.Scheduler.Step();
        }
        long e0 = journal.NextSequence, m0 = machine.Scheduler.Dispatched, b0 = sink.Bytes;
        double t0 = ThreadCpu.Seconds;
        for (int i = 0; i < 5_000_000 && !workload.IsFinished; i++)
        {
            machine.Scheduler.Step();
        }
        double t = ThreadCpu.Seconds - t0;
        Console.WriteLine(string.Join(" ", workload.Statistics.Select(s => $"{s.Name}={s.Value}")));
        foreach (var z in machine.State.Memory.Pages.Zones) Console.WriteLine($"{z.Type} free {z.FreePages}/{z.ManagedPages} " + string.Join(" ", Enumerable.Range(0, 11).Select(o => z.FreeBlocks(o))));
        Console.WriteLine($"now {machine.Scheduler.NowPs / 1e9} ms pending {machine.Scheduler.Pending} bytes/event {(sink.Bytes - b0) / (double)(journal.NextSequence - e0)}");
        yield return new Figure("fragmentation, logged events (no writer)", "events/CPU-s", (journal.NextSequence - e0) / t, "", 1, 5e6);
        yield return new Figure("fragmentation, operations", "ops/CPU-s", (machine.Scheduler.Dispatched - m0) / t, "", 1, 6e6);
    }

    private sealed class CountingSink : IBlockSink
    {
        public long Bytes;

        public byte[] Submit(in RawBlock block)
        {
            Bytes += block.Length;
            return block.Payload;
        }
    }
}
