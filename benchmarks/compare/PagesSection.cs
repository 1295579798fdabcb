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
    private const int Rounds = 5, Slots = 1 << 18, WarmUp = 4_000_000, Operations = 12_000_000;

    public static IEnumerable<Figure> Run()
    {
        // In turn, because the machine's speed drifts; the median of the ratios counts.
        (double Ours, double Limit)[] rounds =
            [.. Enumerable.Range(0, Rounds).Select(_ => (Churn(), Limits.RunMillions("buddy", @"mixed orders: ([\d.]+) M")))];
        (double ours, double limit) = rounds.OrderBy(r => r.Ours / r.Limit).ElementAt(Rounds / 2);
        yield return new Figure("buddy + per-CPU churn, everything logged", "operations/CPU-s", ours, "buddy.cpp", limit, 0.2);
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

    /// <summary>
    /// Looks two requests ahead, as the experiments' queue of messages lets a workload do: the limit's loop is short enough for
    /// the processor to do the same by itself.
    /// </summary>
    private sealed unsafe class Churner(PageAllocator pages, CpuClock cpu)
    {
        private readonly int[] _pfns = GC.AllocateArray<int>(Slots, pinned: true);
        private readonly byte[] _orders = new byte[Slots];
        private ulong _state = 88172645463325252, _first, _second;

        public void Run(int operations)
        {
            int* slots = (int*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _pfns[0]);
            for (int i = 0; i < operations; i++)
            {
                ulong random = _first;
                _first = _second;
                _second = Next();
                if (System.Runtime.Intrinsics.X86.Sse.IsSupported)
                {
                    System.Runtime.Intrinsics.X86.Sse.Prefetch0(slots + (_second & (Slots - 1)));
                }
                pages.State.Frames.Prefetch(slots[_first & (Slots - 1)]);
                int slot = (int)(random & (Slots - 1));
                if (_pfns[slot] > 0)
                {
                    pages.FreePages(_pfns[slot], _orders[slot], cpu, -1);
                    _pfns[slot] = 0;
                    continue;
                }
                int draw = (int)((random >> 32) % 100);
                int order = draw < 85 ? 0 : draw < 92 ? 1 : draw < 96 ? 2 : draw < 98 ? 3 : draw < 99 ? 4 : 9;
                _pfns[slot] = (int)pages.AllocPages(order, GfpFlags.HighUserMovable, 1, cpu, -1);
                _orders[slot] = (byte)order;
            }
        }

        private ulong Next()
        {
            _state ^= _state << 13;
            _state ^= _state >> 7;
            _state ^= _state << 17;
            return _state;
        }
    }
}
