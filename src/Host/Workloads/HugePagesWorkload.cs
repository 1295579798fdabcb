using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>Runs <see cref="HugePagesOptions"/>; it is over when the task has ended.</summary>
public sealed class HugePagesWorkload(Machine machine, HugePagesOptions options, ulong seed, string name) : IWorkload
{
    private Program? _program;

    /// <inheritdoc/>
    public bool IsFinished => _program is { } program && (program.Pid < 0 || machine.State.Virtual.Tasks[program.Pid].State == TaskState.Dead);

    /// <inheritdoc/>
    public double Done => _program?.Done ?? 0;

    /// <inheritdoc/>
    public IEnumerable<(string Name, long Value)> Statistics =>
    [
        ("wanted", options.Pages),
        ("got", _program?.Got ?? 0),
        ("freePagesBefore", _program?.FreePagesBefore ?? 0),
        ("kernelPages", _program?.KernelPages ?? 0),
        ("movedPages", machine.State.Virtual.Spaces.MigratedPages),
    ];

    /// <inheritdoc/>
    public void Start(long nowPs)
    {
        _program = new Program(machine, options, new RandomStream(seed, name + "/task"));
        _program.Pid = machine.Virtual.Tasks.Start("hugepages", 0, _program, cause: -1);
    }

    /// <summary>The task: fill, give back, ask, end.</summary>
    private sealed class Program(Machine machine, HugePagesOptions options, RandomStream random) : IProgram
    {
        private const ulong Base = 0x2000_0000;
        private const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;

        private readonly List<long[]> _kernel = [];
        private readonly long _pages = options.Memory.Bytes / Page.Size;
        private long _next;
        private Stage _stage;

        private enum Stage
        {
            Map,
            Fill,
            Return,
            Ask,
        }

        public int Pid { get; set; }

        public long Got { get; private set; }

        public long FreePagesBefore { get; private set; }

        public long KernelPages { get; private set; }

        public double Done => ((int)_stage + ((double)_next / _pages)) / 4;

        public ProgramStatus Step(TaskContext task)
        {
            switch (_stage)
            {
                case Stage.Map:
                    task.Calls.Mmap(task, Base, (ulong)options.Memory.Bytes, ReadWrite, MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
                    _stage = Stage.Fill;
                    break;
                case Stage.Fill:
                    Fill(task);
                    break;
                case Stage.Return:
                    Return(task);
                    break;
                default:
                    Ask(task);
                    task.ExitCode = 0;
                    return ProgramStatus.Exited;
            }
            return ProgramStatus.Running;
        }

        private void Fill(TaskContext task)
        {
            while (_next < _pages && task.Access(Base + ((ulong)_next * Page.Size), 1, AccessKind.Store))
            {
                if (options.KernelEvery > 0 && _next % options.KernelEvery == 0 && _kernel.Count < options.KernelTimes)
                {
                    InKernel(task, _ => _kernel.Add(TakeKernelPages(task)));
                }
                _next++;
                if (task.IsOver)
                {
                    return;
                }
            }
            if (_next < _pages && task.IsBlocked)
            {
                return;
            }
            (_stage, _next) = (Stage.Return, 0);
        }

        private void Return(TaskContext task)
        {
            for (; _next < _pages && !task.IsOver; _next++)
            {
                if (random.NextBelow(100) < (ulong)options.ReturnPercent)
                {
                    task.Calls.Munmap(task, Base + ((ulong)_next * Page.Size), Page.Size);
                }
            }
            if (_next == _pages)
            {
                InKernel(task, cause => _kernel.RemoveAll(pages =>
                {
                    bool gone = random.NextBelow(100) < (ulong)options.KernelReturnPercent;
                    return gone && FreeKernelPages(pages, task, cause);
                }));
                (_stage, _next) = (Stage.Ask, 0);
            }
        }

        private void Ask(TaskContext task)
        {
            FreePagesBefore = machine.State.Memory.Pages.Zones.Sum(z => z.FreePages);
            InKernel(task, cause => Got = machine.HugePages.SetPages(options.Pages, task.Cpu, cause));
            if (options.CompactMemory)
            {
                InKernel(task, cause => machine.CompactMemory(task.Cpu, cause));
            }
            if (!options.Keep)
            {
                InKernel(task, cause => machine.HugePages.SetPages(0, task.Cpu, cause));
            }
            InKernel(task, cause => _kernel.RemoveAll(pages => FreeKernelPages(pages, task, cause)));
        }

        /// <summary>Buffers of a pipe.</summary>
        private long[] TakeKernelPages(TaskContext task)
        {
            var pages = new long[options.KernelPages];
            for (int i = 0; i < pages.Length; i++)
            {
                pages[i] = machine.Pages.AllocPages(0, GfpFlags.HighUser | GfpFlags.Account, task.Pid, task.Cpu, cause: -1);
                KernelPages += pages[i] >= 0 ? 1 : 0;
            }
            return pages;
        }

        private bool FreeKernelPages(long[] pages, TaskContext task, long cause)
        {
            foreach (long pfn in pages)
            {
                if (pfn >= 0)
                {
                    machine.Pages.FreePages(pfn, 0, task.Cpu, cause);
                }
            }
            return true;
        }

        /// <summary>A write to a pipe or a file of <c>/proc/sys</c>.</summary>
        private void InKernel(TaskContext task, Action<long> work)
        {
            int write = machine.State.Options.Kernel.Profile == KernelProfile.X86_64 ? 1 : 4;
            long entry = task.Cpu.EnterKernel(EntryKind.Syscall, write, 0, 0, -1).Sequence;
            work(entry);
            task.Cpu.ReturnToUser(entry);
        }
    }
}
