using Sim.Engine.Random;
using Sim.Kernel.Mm;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>
/// Makes recordings on this machine's kernel: each sequence is a process of its own that makes random calls. Use it from one thread.
/// </summary>
internal sealed class LiveRecorder : IDisposable
{
    /// <summary>Calls in a sequence.</summary>
    public const int Steps = 40;

    private const ulong TaskSize = 0x7fff_ffff_f000;
    private const uint Nobody = 65534;
    private const int ThpDisable = 41, MostAttempts = 5;

    private static readonly Dictionary<string, long> _numbers = new(StringComparer.Ordinal)
    {
        ["mmap"] = 9,
        ["mprotect"] = 10,
        ["munmap"] = 11,
        ["brk"] = 12,
        ["mremap"] = 25,
        ["madvise"] = 28,
        ["mlock"] = 149,
        ["munlock"] = 150,
        ["mlock2"] = 325,
    };

    private readonly LiveFiles _files;
    private readonly LiveKernel _kernel;
    private readonly ulong _seed;
    private readonly bool _legacy;

    /// <param name="folder">Where files to map are made, on ext4.</param>
    /// <param name="seed">Of all sequences.</param>
    /// <param name="legacy">Processes have the legacy layout.</param>
    /// <exception cref="LiveKernelException">This machine's kernel cannot be recorded.</exception>
    public LiveRecorder(string folder, ulong seed, bool legacy)
    {
        _legacy = legacy;
        _kernel = LiveKernel.Find();
        LiveKernel.Settle();
        _files = new LiveFiles(folder);
        _seed = seed;
        _kernel = _kernel with { Kernel = _kernel.Kernel with { LowestPlacedAddress = LowestAddress(), LegacyLayout = legacy } };
    }

    /// <summary>The kernel.</summary>
    public LiveKernel Kernel => _kernel;

    public void Dispose() => _files.Dispose();

    /// <summary>
    /// One sequence. Where a page was not in the page cache, because the machine was short of memory or its caches were dropped, it is made
    /// again: its files are in the page cache by definition.
    /// </summary>
    /// <exception cref="LiveKernelException">The traced process is gone, or pages go again and again.</exception>
    public RecordedSequence Record(int number)
    {
        for (int i = 0; i < MostAttempts; i++)
        {
            RecordedSequence sequence = RecordOnce(number);
            if (sequence.Steps.All(s => s.MajorFaults == 0 && (s.Fork?.MajorFaults ?? 0) == 0))
            {
                return sequence;
            }
        }
        throw new LiveKernelException("pages of files do not stay in the page cache: the machine is short of memory.");
    }

    private RecordedSequence RecordOnce(int number)
    {
        var generator = new CallGenerator(new RandomStream(_seed, $"calls {number}"));
        // The kernel may have reclaimed pages that were not used for a while: a fault that finds none of its neighbours maps none.
        _files.ReadAll();
        _files.WriteOut();
        var reader = new LiveState(_files.Names);
        using TracedProcess process = TracedProcess.Start(_files.ProgramPath, _files.Descriptors, _legacy);
        process.Call(157, ThpDisable, 1, 0, 0, 0);
        ulong brk = (ulong)process.Call(_numbers["brk"], 0), initialBrk = brk;
        RecordedState all = reader.Read(process.Pid, out long minor, out long major);
        RecordedArea[] fixedAreas = [.. all.Areas.Where(LiveState.IsFixed)];
        RecordedState state = Listed(all);
        long[] limits = Limits(generator, all);
        process.SetLimit(Libc.LimitMemlock, limits[0]);
        process.SetLimit(Libc.LimitAddressSpace, limits[1]);
        process.SetLimit(Libc.LimitData, limits[2]);
        process.SetLimit(Libc.LimitStack, limits[3]);
        DropPrivileges(process);
        var sequence = new RecordedSequence(
            number, 0, _kernel.Kernel, TaskSize, _kernel.TotalPages, initialBrk, limits[0], limits[1], limits[2], limits[3], fixedAreas, state, []);
        var steps = new RecordedStep[Steps];
        for (int i = 0; i < Steps; i++)
        {
            GeneratedCall call = generator.Next(state.Areas, fixedAreas, initialBrk, brk, i);
            (string result, RecordedTouch[] touches, RecordedFork? fork) = ("", [], null);
            switch (call.Name)
            {
                case "touch":
                    touches = Touch(process, call.Args);
                    result = CallRecordingReader.Hex((ulong)touches.Count(t => t.Result == "ok"));
                    break;
                case "fork":
                    fork = Fork(process, reader, generator, state.Areas, out long forked);
                    result = fork is null ? Text(forked) : "0x1";
                    break;
                default:
                    long returned = process.Call(_numbers[call.Name], call.Args);
                    result = Text(returned);
                    brk = call.Name == "brk" ? (ulong)returned : brk;
                    break;
            }
            (long minorBefore, long majorBefore) = (minor, major);
            state = Listed(reader.Read(process.Pid, out minor, out major));
            steps[i] = new RecordedStep(i, call.Name, call.Args, result, touches, fork, state, minor - minorBefore, major - majorBefore);
        }
        return sequence with { Steps = steps };
    }

    /// <summary>
    /// Where a mapping goes that asks for the second page: <c>mmap_min_addr</c>, which may be higher than the setting that /proc shows
    /// (CONFIG_LSM_MMAP_MIN_ADDR).
    /// </summary>
    private long LowestAddress()
    {
        using TracedProcess process = TracedProcess.Start(_files.ProgramPath, _files.Descriptors, _legacy);
        return process.Call(_numbers["mmap"], 4096, 4096, 0, (ulong)(MapFlags.Private | MapFlags.Anonymous), ulong.MaxValue, 0);
    }

    /// <summary>The privileged pass limits by.</summary>
    private static void DropPrivileges(TracedProcess process)
    {
        if (Libc.EffectiveUser() == 0)
        {
            process.Call(119, Nobody, Nobody, Nobody);
            process.Call(117, Nobody, Nobody, Nobody);
        }
    }

    /// <summary>Limits, one or two of them tight: memlock, as, data, stack.</summary>
    private static long[] Limits(CallGenerator generator, RecordedState state)
    {
        const long Stack = 8 << 20;
        long size = state.Areas.Sum(a => (long)(a.End - a.Start));
        int memlock = generator.Below(100), memory = generator.Below(100);
        return
        [
            memlock < 25 ? 24 << 12 : memlock < 32 ? 0 : Stack,
            memory < 12 ? size + (96 << 12) : -1,
            memory is >= 12 and < 22 ? (state.VmData + 48) << 12 : -1,
            generator.Chance(20) ? 64 << 12 : Stack,
        ];
    }

    private static RecordedTouch[] Touch(TracedProcess process, ulong[] args)
    {
        var touches = new RecordedTouch[(int)args[1]];
        for (int i = 0; i < touches.Length; i++)
        {
            ulong address = args[0] + ((ulong)i << 12);
            touches[i] = new RecordedTouch(address, args[2] != 0, process.Touch(address, args[2] != 0));
        }
        return touches;
    }

    private static RecordedFork? Fork(
        TracedProcess process, LiveState reader, CallGenerator generator, IReadOnlyList<RecordedArea> areas, out long result)
    {
        using TracedProcess? child = process.Fork(out result);
        if (child is null)
        {
            return null;
        }
        RecordedState start = Listed(reader.Read(child.Pid, out long minor, out long major));
        RecordedTouch[] touches = TouchSome(child, generator, areas, 1 + generator.Below(5));
        RecordedState end = Listed(reader.Read(child.Pid, out long minorAfter, out long majorAfter));
        RecordedTouch[] byParent = TouchSome(process, generator, areas, generator.Below(3));
        RecordedState parent = Listed(reader.Read(process.Pid, out _, out _));
        return new RecordedFork(start, touches, end, minorAfter - minor, majorAfter - major, byParent, parent);
    }

    private static RecordedTouch[] TouchSome(TracedProcess process, CallGenerator generator, IReadOnlyList<RecordedArea> areas, int count)
    {
        var touches = new RecordedTouch[count];
        for (int i = 0; i < count; i++)
        {
            (ulong address, bool write) = generator.Access(areas);
            touches[i] = new RecordedTouch(address, write, process.Touch(address, write));
        }
        return touches;
    }

    private static RecordedState Listed(RecordedState all) => all with { Areas = [.. all.Areas.Where(a => !LiveState.IsFixed(a))] };

    private static string Text(long result) => RecordedProcess.ResultOf(result);
}
