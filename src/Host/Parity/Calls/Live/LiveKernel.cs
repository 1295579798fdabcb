using System.Globalization;
using System.Runtime.InteropServices;
using Sim.Kernel.Mm;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>The kernel this process runs on, as far as a recording needs to know it.</summary>
/// <param name="Release">Its name (<c>uname -r</c>).</param>
/// <param name="Kernel">Version and limits.</param>
/// <param name="TotalPages">What heuristic overcommit compares with: memory and swap, in pages.</param>
internal sealed record LiveKernel(string Release, RecordedKernel Kernel, long TotalPages)
{
    private const string SharedHugePages = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
    private const int StackLimitMiB = 8;

    /// <summary>Asks the kernel.</summary>
    /// <exception cref="LiveKernelException">It cannot be recorded.</exception>
    public static LiveKernel Find()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new LiveKernelException("only x86-64 Linux can be recorded. Compare with the recordings in traces/calls.");
        }
        string release = Text("/proc/sys/kernel/osrelease");
        if (!KernelRelease.TryParse(release, out KernelVersion version) || version.CompareTo(new KernelVersion(6, 12, 0)) < 0)
        {
            throw new LiveKernelException($"the kernel is {release}; one from 6.12 on is needed: the rules between 6.1 and 6.12 are not written down. Compare with the recordings in traces/calls.");
        }
        Require(Number("/proc/sys/vm/overcommit_memory") is 0, "vm.overcommit_memory is not 0");
        Require(Number("/proc/sys/vm/legacy_va_layout") is 0, "vm.legacy_va_layout is not 0");
        Require(
            !File.Exists(SharedHugePages) || Text(SharedHugePages).Contains("[never]", StringComparison.Ordinal), SharedHugePages + " is not never");
        string[] memory = File.ReadAllLines("/proc/meminfo");
        long pages = (KiB(memory, "MemTotal:") + KiB(memory, "SwapTotal:")) / 4;
        var kernel = new RecordedKernel(true, version, Number("/proc/sys/vm/mmap_min_addr"), 0, (int)Number("/proc/sys/vm/max_map_count"));
        return new LiveKernel(release, kernel, pages);
    }

    /// <summary>Runs on one CPU from now on, with the stack limit that layouts are chosen for; of this thread and what it starts.</summary>
    public static unsafe void Settle()
    {
        int cpu = Libc.CurrentCpu();
        ulong* mask = stackalloc ulong[16];
        new Span<ulong>(mask, 16).Clear();
        mask[cpu / 64] = 1UL << (cpu % 64);
        // Where that is refused faults may be counted otherwise: batches of pages are a CPU's own.
        _ = Libc.SetAffinity(0, 128, mask);
        Libc.Limit limit;
        Require(Libc.PrLimit(0, Libc.LimitStack, null, &limit) == 0, "RLIMIT_STACK cannot be read");
        limit.Current = StackLimitMiB << 20;
        Require(limit.Most >= limit.Current && Libc.PrLimit(0, Libc.LimitStack, &limit, null) == 0, $"RLIMIT_STACK cannot be {StackLimitMiB} MiB");
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new LiveKernelException($"{problem}; the comparison needs the kernel's default.");
        }
    }

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LiveKernelException($"{path} cannot be read ({e.Message}).");
        }
    }

    private static long Number(string path) => long.Parse(Text(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static long KiB(string[] memory, string name) =>
        long.Parse(memory.First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..^2], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}
