using Sim.Host.Workloads.Malloc;

namespace Sim.Host.Parity;

/// <summary>A recorded program run again on the model of its C library.</summary>
internal static class MallocParity
{
    /// <summary>Of <c>/bin/</c>, where programs lie in the Linux 6.1 guests.</summary>
    private const uint GuestFolderLength = 5;

    /// <summary>
    /// What a recording with relative addresses leaves open, though it shows in the calls: address space randomization decides whether break and
    /// mappings begin at an even or an odd page, which blocks aligned to 8 KiB depend on, and a static program keeps its folder's name, whose
    /// length counts in steps of 16. Every combination is tried until one explains the recording.
    /// </summary>
    private static readonly ulong[] Breaks = [0x900_0000, 0x900_1000];

    /// <inheritdoc cref="Breaks"/>
    private static readonly ulong[] FirstMappings = [0x9000_0000, 0x9000_1000];

    /// <inheritdoc cref="Breaks"/>
    private static readonly uint[] FolderLengths = [20, 36, 52, 68, GuestFolderLength];

    /// <summary>Runs a program and compares its calls.</summary>
    /// <exception cref="CommandException">There is no such program.</exception>
    public static MallocSequence Run(MallocRecording recording)
    {
        MallocProgram program = MallocProgram.All.FirstOrDefault(p => p.Name == recording.Program) ?? throw new CommandException(ExitCode.Configuration,
            $"The recording is of program {recording.Program}, which is none of {string.Join(", ", MallocProgram.All.Select(p => p.Name))}.");
        if (recording.BreakAtMain is { } known)
        {
            return Run(recording, program, GuestFolderLength, known, 0);
        }
        MallocSequence? best = null;
        foreach (uint folder in recording.IsStatic ? FolderLengths : FolderLengths[..1])
        {
            foreach ((ulong breakAtMain, ulong firstMapping) in from b in Breaks from m in FirstMappings select (b, m))
            {
                MallocSequence sequence = Run(recording, program, folder, breakAtMain, firstMapping);
                if (sequence.Difference is null)
                {
                    return sequence;
                }
                best = best is null || sequence.Difference.Step > best.Difference!.Step ? sequence : best;
            }
        }
        return best!;
    }

    private static MallocSequence Run(MallocRecording recording, MallocProgram program, uint folderLength, ulong breakAtMain, ulong firstMapping)
    {
        MallocAbi abi = recording.Bits == 64 ? MallocAbi.X86_64 : MallocAbi.I386;
        var start = new CLibraryStart(recording.IsStatic, folderLength);
        MemoryCall[] calls = [.. recording.Calls.Select(c => c.At(breakAtMain, firstMapping))];
        var kernel = new MallocKernel(recording, calls, breakAtMain - BreakBeforeMain(recording, abi, start));
        GlibcMalloc heap = start.Begin(abi, kernel);
        kernel.BeginMain();
        long before = heap.LibraryCalls;
        program.Run(heap, recording.Seed);
        kernel.EndMain();
        return new MallocSequence(recording.Title, calls.Length, kernel.StepsEqual, heap.LibraryCalls - before, kernel.FirstDifference);
    }

    /// <summary>How far the break moves before <c>main</c>, bytes.</summary>
    private static ulong BreakBeforeMain(MallocRecording recording, MallocAbi abi, CLibraryStart start)
    {
        var kernel = new MallocKernel(recording, [], Breaks[0]);
        start.Begin(abi, kernel);
        return kernel.CurrentBreak - Breaks[0];
    }
}

/// <summary>What a sequence came to.</summary>
/// <param name="Title">The program.</param>
/// <param name="Steps">Recorded system calls.</param>
/// <param name="StepsEqual">Those that the model makes at the same place.</param>
/// <param name="LibraryCalls">Calls of malloc and its kin that led to them.</param>
/// <param name="Difference">The first difference, or null.</param>
internal sealed record MallocSequence(string Title, int Steps, int StepsEqual, long LibraryCalls, MallocDifference? Difference);
