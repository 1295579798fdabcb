using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Reclaim.Generations;

/// <summary>
/// Whatever a program does in too little memory: each page that can go is on one list, sizes are what frames say, the window of
/// generations is valid, and the log folds to the same state. The long form (<c>SIM_LONG_TESTS=1</c>) tries more programs.
/// </summary>
public sealed class GenerationPropertyTests
{
    private const ulong Hog = 0x1000_0000, Own = 0x4000_0000, Mapped = 0x5000_0000, Shared = 0x6000_0000;
    private const int Pages = 256;

    private static readonly MemoryAdvice[] Advice =
    [
        MemoryAdvice.Cold, MemoryAdvice.Free, MemoryAdvice.PageOut, MemoryAdvice.DontNeed, MemoryAdvice.Random, MemoryAdvice.Sequential,
        MemoryAdvice.Normal, MemoryAdvice.WillNeed,
    ];

    [Fact]
    public void ListsAndSizesHold_WhateverAProgramDoes()
    {
        int programs = Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 60 : 6;
        Gen<int[]> deeds = Gen.ListOf(Gen.Choose(0, int.MaxValue), 120).Select(l => l.ToArray());
        Prop.ForAll(deeds.ToArbitrary(), Holds).Check(Config.QuickThrowOnFailure.WithMaxTest(programs).WithReplay(11, 4711));
    }

    private static bool Holds(int[] deeds)
    {
        var log = new MemoryLog();
        var machine = new TestMachine(
            bytes: 96L << 20, sink: log, swap: new SwapOptions { Device = SwapDevice.Ssd, Size = 256L << 20 },
            pageCache: new PageCacheOptions { Device = FileDevice.Ssd }, mm: new MmOptions { Overcommit = OvercommitMode.Always },
            reclaim: new ReclaimOptions { Lru = LruKind.Generations });
        int file = machine.Journal.Intern("/file"), much = (int)machine.Machine.State.Memory.Pages.Zones.Sum(z => z.FreePages) + 500;
        machine.Virtual.Calls.Create(file, 4 * Pages, -1);
        int next = 0, done = 0;
        const ProtFlags Both = ProtFlags.Read | ProtFlags.Write;
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, Hog, (ulong)much << 12, Both, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
                task.Calls.Mmap(task, Own, Pages << 12, Both, MapFlags.Anonymous | MapFlags.Private | MapFlags.Fixed);
                task.Calls.Mmap(task, Mapped, 4 * Pages << 12, Both, MapFlags.Shared | MapFlags.Fixed, new MappedFile(file, Writable: true));
                task.Calls.Mmap(task, Shared, Pages << 12, Both, MapFlags.Anonymous | MapFlags.Shared | MapFlags.Fixed);
            }
            for (; done < much; done++)
            {
                if (!task.Access(Hog + ((ulong)done << 12), 8, AccessKind.Store))
                {
                    return ProgramStatus.Running;
                }
            }
            while (next < deeds.Length && !task.IsOver)
            {
                Do(task, deeds[next], file, much);
                if (task.IsBlocked)
                {
                    return ProgramStatus.Running;
                }
                next++;
            }
            return next < deeds.Length ? ProgramStatus.Running : ProgramStatus.Exited;
        }), -1);
        for (long at = 1; !machine.Virtual.Tasks.AllEnded; at++)
        {
            machine.Run(at * 5_000_000_000);
            machine.AssertInvariants();
        }
        Assert.Equal((deeds.Length, 0), (next, machine.Tasks[1].Signal));
        machine.Journal.Complete();
        var folded = new MachineState(machine.Options);
        log.Fold(machine.Catalogue, folded.Appliers);
        return machine.Machine.State.Hash(_ => true) == folded.Hash(_ => true);
    }

    /// <summary>One of the things that programs do; made again when its task had to sleep.</summary>
    private static void Do(TaskContext task, int deed, int file, int much)
    {
        int what = deed % 8, rest = deed / 8;
        ulong area = (rest % 3) switch { 0 => Own, 1 => Mapped, _ => Shared };
        rest /= 3;
        int from = rest % Pages, length = 1 + (rest / Pages % 64);
        ulong start = area + ((ulong)from << 12), bytes = (ulong)Math.Min(length, Pages - from) << 12;
        switch (what)
        {
            case 0 or 1:
                for (ulong at = start; at < start + bytes && task.Access(at, 8, what == 0 ? AccessKind.Store : AccessKind.Load); at += 4096)
                {
                }
                break;
            case 2 or 3:
                // Elsewhere, so that something has to go.
                for (int i = 0; i < 200 && task.Access(Hog + ((ulong)((rest + i) % much) << 12), 8, what == 2 ? AccessKind.Store : AccessKind.Load); i++)
                {
                }
                break;
            case 4:
                task.Calls.Madvise(task, start, bytes, Advice[rest / 7 % Advice.Length]);
                break;
            case 5:
                task.Calls.Read(task, new MappedFile(file), Own, 4096 * (1 + (length % 8)), 4096 * (rest % (3 * Pages)));
                break;
            case 6:
                task.Calls.Mlock(task, start, Math.Min(bytes, 8 << 12));
                break;
            default:
                task.Calls.Munlock(task, start, bytes);
                break;
        }
    }
}
