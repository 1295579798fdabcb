using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.Tests.Support;

/// <summary>A machine of 96 MiB with a swap area, on which one task writes more pages than there are frames, and then visits some at random.</summary>
internal sealed class PressedMachine
{
    /// <summary>Where the task's pages begin.</summary>
    public const ulong At = 0x1000_0000;

    private readonly MemoryAccess[] _accesses;
    private int _done;

    /// <param name="profile">The kernel.</param>
    /// <param name="pagesOf">How many pages the task has, by how many the zones manage.</param>
    /// <param name="visits">How many of them it reads afterwards.</param>
    /// <param name="seed">Which.</param>
    /// <param name="device">What it swaps to.</param>
    public PressedMachine(KernelProfile profile, Func<long, long> pagesOf, int visits, ulong seed = 1, SwapDevice device = SwapDevice.Ssd)
    {
        Machine = new TestMachine(profile, bytes: 96L << 20, sink: Log, swap: new SwapOptions { Device = device, Size = 256L << 20 });
        Pages = (int)pagesOf(Machine.Machine.State.Memory.Pages.Zones.Sum(z => z.ManagedPages));
        var random = new RandomStream(seed, "visits");
        _accesses =
        [
            .. Enumerable.Range(0, Pages).Select(p => new MemoryAccess(At + ((ulong)p << 12), 8, AccessKind.Store)),
            .. Enumerable.Range(0, visits).Select(_ => new MemoryAccess(At + (random.NextBelow((ulong)Pages) << 12), 8, AccessKind.Load)),
        ];
    }

    public TestMachine Machine { get; }

    public MemoryLog Log { get; } = new();

    /// <summary>The task's pages.</summary>
    public int Pages { get; }

    /// <summary>Runs the task to its exit with code 7, and completes the log.</summary>
    public PressedMachine Run() => Run(ProgramStatus.Exited, long.MaxValue);

    /// <summary>Runs until the task has made all its accesses and sleeps, so that its memory is as they left it.</summary>
    public PressedMachine RunToSleep() => Run(ProgramStatus.Sleeping, 4_000_000_000_000);

    private PressedMachine Run(ProgramStatus last, long untilPs)
    {
        Machine.Virtual.Tasks.Start("large", 0, new ScriptedProgram((task, step) =>
        {
            // In pieces: none of them is more than the kernel promises at once.
            for (int piece = 0; step == 0 && piece < Pages; piece += 1_024)
            {
                task.Calls.Mmap(
                    task, At + ((ulong)piece << 12), (ulong)Math.Min(1_024, Pages - piece) << 12, ProtFlags.Read | ProtFlags.Write,
                    MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
            }
            _done += task.Run(_accesses.AsSpan(_done));
            task.ExitCode = 7;
            task.SleepPs = untilPs;
            return _done < _accesses.Length ? ProgramStatus.Running : last;
        }), -1);
        Machine.Run(untilPs);
        Assert.Equal(_accesses.Length, _done);
        Machine.Journal.Complete();
        return this;
    }
}
