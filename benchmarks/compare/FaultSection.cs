using System.Globalization;
using Sim.Host.Experiments;
using Sim.Kernel;

namespace Sim.Compare;

/// <summary>
/// Page faults, each from the access that faults to the access made again: entry, handler, page allocator, page table, return,
/// walk and translation, every event into a log on disk.
/// </summary>
internal static class FaultSection
{
    private const double Target = 1_500_000;
    private const int Pages = 16_384, WarmUpFaults = 1_500_000, Faults = 3_000_000;

    public static IEnumerable<Figure> Run()
    {
        yield return Measure("anonymous writes", FaultKind.AnonymousWrite);
        yield return Measure("anonymous writes, pages on LRU lists", FaultKind.AnonymousWrite, swaps: true);
        yield return Measure("anonymous reads (zero page)", FaultKind.AnonymousRead);
        yield return Measure("file reads, page cache", FaultKind.FileRead);
        yield return Measure("private file writes, page cache", FaultKind.FileCopy);
        yield return Measure("writes after fork (copies)", FaultKind.CopyAfterFork);
    }

    private static Figure Measure(string what, FaultKind kind, bool swaps = false)
    {
        var settings = new KernelSettings { Swap = new SwapSettings { Device = swaps ? SwapDevice.Ssd : SwapDevice.None } };
        using var logged = new LoggedMachine(ByteSize.FromGiB(1), settings: settings);
        Machine machine = logged.Machine;
        var program = new FaultProgram(machine, kind, Pages, WarmUpFaults / Pages, Faults / Pages);
        machine.Virtual.Tasks.Start("faults", 0, program, -1);
        while (!machine.Virtual.Tasks.AllEnded)
        {
            machine.Scheduler.Step(long.MaxValue);
        }
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"     {what}: {(double)program.Events / program.Faults:0.00} events and {(double)program.AllocatedBytes / program.Faults:0.00} bytes allocated a fault; by the CPU time of all threads {program.Faults / program.AllSeconds / 1e6:0.00} M faults/s"));
        return new Figure($"faults: {what}", "faults/CPU-s", program.MedianSpeed, "", 1, Target);
    }
}
