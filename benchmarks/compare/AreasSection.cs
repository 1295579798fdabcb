using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Host.Experiments;
using Sim.Kernel;
using Sim.Kernel.Mm;

namespace Sim.Compare;

/// <summary>mmap and munmap in an address space of 100,000 areas, every event into a log on disk.</summary>
internal static class AreasSection
{
    private const int Areas = 100_000, WarmUp = 200_000, Calls = 1_000_000;
    private const ulong Start = 0x10_0000_0000, Step = 3 * 4096;

    public static IEnumerable<Figure> Run()
    {
        yield return new Figure("munmap and mmap in place, 100,000 areas", "calls/CPU-s", Churn(inPlace: true), "", 1, 500_000);
        yield return new Figure("munmap and mmap where the kernel likes, 100,000 areas", "calls/CPU-s", Churn(inPlace: false), "", 1, 500_000);
    }

    private static double Churn(bool inPlace)
    {
        using var logged = new LoggedMachine(
            ByteSize.FromGiB(1), kernel => kernel with { Mm = kernel.Mm with { MaxMapCount = 2 * Areas } });
        Machine machine = logged.Machine;
        MappingCalls calls = machine.Virtual.Mapping;
        Cpu cpu = machine.Cpus[0];
        int pid = machine.Virtual.Processes.Create("areas", cpu, -1);
        var places = new ulong[Areas];
        for (int i = 0; i < Areas; i++)
        {
            places[i] = (ulong)Check(calls.Mmap(pid, Start + ((ulong)i * Step), 8192, ProtFlags.Read, Kind | MapFlags.Fixed, default, 0, cpu, -1));
        }
        var random = new RandomStream(1, "areas");
        double begun = 0;
        for (int i = 0; i < (WarmUp + Calls) / 2; i++)
        {
            if (i == WarmUp / 2)
            {
                begun = ThreadCpu.Seconds;
            }
            ref ulong place = ref places[(int)random.NextBelow(Areas)];
            Check(calls.Munmap(pid, place, 8192, cpu, -1));
            // Neighbours differ, so that nothing merges.
            ProtFlags prot = (ProtFlags)(1 + (i % 3));
            place = (ulong)Check(calls.Mmap(pid, place, 8192, prot, inPlace ? Kind | MapFlags.Fixed : Kind, default, 0, cpu, -1));
            if (!inPlace && i % 2 == 0)
            {
                Check(calls.Munmap(pid, place, 8192, cpu, -1));
                place = (ulong)Check(calls.Mmap(pid, 0, 8192, prot, Kind, default, 0, cpu, -1));
            }
        }
        double seconds = ThreadCpu.Seconds - begun;
        return (inPlace ? Calls : Calls * 1.5) / seconds;
    }

    private const MapFlags Kind = MapFlags.Private | MapFlags.Anonymous | MapFlags.NoReserve;

    private static long Check(long result) => result is < 0 and > -4096 ? throw new InvalidOperationException($"errno {-result}") : result;
}
