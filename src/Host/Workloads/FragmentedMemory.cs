using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>
/// Low memory full of the kernel's single pages with a free one behind each: much is free, and no two frames of it side by side.
/// Done a little at a time.
/// </summary>
internal sealed class FragmentedMemory(Machine machine, int percent)
{
    private const int Chunk = 64;

    private readonly List<long> _pages = [];
    private long _left = -1;
    private int _next;

    /// <summary>Nothing is left to do.</summary>
    public bool IsReady { get; private set; } = percent == 0;

    /// <summary>Takes some pages, or, when enough are taken, gives some back.</summary>
    public void GoOn(Cpu cpu, int pid, long cause)
    {
        if (_left < 0)
        {
            long free = machine.State.Memory.Pages.Zones.Where(z => z.Type != ZoneType.HighMem).Sum(z => z.FreePages);
            _left = free * percent / 100;
        }
        for (int i = 0; i < Chunk; i++)
        {
            if (_left > 0)
            {
                long pfn = machine.Pages.AllocPages(0, GfpFlags.Kernel | GfpFlags.NoWarn, pid, cpu, cause);
                _left = pfn < 0 ? 0 : _left - 1;
                if (pfn >= 0)
                {
                    _pages.Add(pfn);
                }
                else
                {
                    break;
                }
            }
            else if (_next == 0)
            {
                _pages.Sort();
                _next = 1;
            }
            else if (_next < _pages.Count)
            {
                machine.Pages.FreePages(_pages[_next], 0, cpu, cause);
                _pages[_next] = -1;
                _next += 2;
            }
            else
            {
                IsReady = true;
                return;
            }
        }
    }

    /// <summary>Gives the rest back.</summary>
    public void End(Cpu cpu, long cause)
    {
        foreach (long pfn in _pages.Where(p => p >= 0))
        {
            machine.Pages.FreePages(pfn, 0, cpu, cause);
        }
        _pages.Clear();
    }
}
