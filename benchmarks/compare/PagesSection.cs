using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware.Cpu;
using Sim.Hardware.Events;
using Sim.Host.Experiments;
using Sim.Host.Runs;
using Sim.Host.Workloads;
using Sim.Kernel;
using Sim.Kernel.Buddy;
using Sim.Kernel.Events;
using Sim.Kernel.Zones;

namespace Sim.Compare;

/// <summary>
/// The page allocator alone, every event into a log on disk, on the churn of <c>buddy.cpp</c>: 8 GiB, the same slots, the
/// same mix of orders, the same generator; the limit's allocator logs nothing.
/// </summary>
internal static class PagesSection
{
    private const int Slots = 1 << 18, WarmUp = 4_000_000, Operations = 12_000_000;

    public static IEnumerable<Figure> Run()
    {
        double limit = Limits.RunMillions("buddy", @"mixed orders: ([\d.]+) M");
        yield return new Figure("buddy + per-CPU churn, everything logged", "operations/CPU-s", Churn(), "buddy.cpp", limit, 0.2);
    }

    private static double Churn()
    {
        using var folder = new TemporaryFolder();
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        KernelEvents.AddTo(catalogue);
        using LogWriter log = LogWriter.Create(folder.Path, new LogOptions(), new LogIdentity(new string('0', 32), EngineVersion.Text, new string('0', 64), 1), catalogue, []);
        var experiment = new Experiment { Machine = new MachineSettings { Memory = ByteSize.FromGiB(8) }, Workload = [new SlabOptions()] };
        var journal = new Journal(log, catalogue);
        var machine = new Machine(MachineModel.OptionsOf(experiment), journal, new TimingWheelEventQueue());
        machine.Boot();
        var churn = new Churner(machine.Pages, machine.Cpus[0]);
        churn.Run(WarmUp);
        double cpu = ThreadCpu.Seconds;
        churn.Run(Operations);
        cpu = ThreadCpu.Seconds - cpu;
        journal.Complete();
        log.Complete();
        return Operations / cpu;
    }

    private sealed class Churner(PageAllocator pages, CpuClock cpu)
    {
        private readonly int[] _pfns = new int[Slots];
        private readonly byte[] _orders = new byte[Slots];
        private ulong _random = 88172645463325252;

        public void Run(int operations)
        {
            for (int i = 0; i < operations; i++)
            {
                _random ^= _random << 13;
                _random ^= _random >> 7;
                _random ^= _random << 17;
                int slot = (int)(_random & (Slots - 1));
                if (_pfns[slot] > 0)
                {
                    pages.FreePages(_pfns[slot], _orders[slot], cpu, -1);
                    _pfns[slot] = 0;
                    continue;
                }
                int draw = (int)((_random >> 32) % 100);
                int order = draw < 85 ? 0 : draw < 92 ? 1 : draw < 96 ? 2 : draw < 98 ? 3 : draw < 99 ? 4 : 9;
                _pfns[slot] = (int)pages.AllocPages(order, GfpFlags.HighUserMovable, 1, cpu, -1);
                _orders[slot] = (byte)order;
            }
        }
    }
}
