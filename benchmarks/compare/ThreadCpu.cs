using System.Runtime.InteropServices;

namespace Sim.Compare;

/// <summary>CPU time of the calling thread and of children, so that a figure does not depend on what else the machine runs.</summary>
internal static partial class ThreadCpu
{
    private const int ClockThreadCpuTimeId = 3;
    private const int UsageOfChildren = -1;
    private const int ClockProcessCpuTimeId = 2;

    /// <summary>Seconds of CPU the calling thread has used.</summary>
    public static double Seconds => Read(ClockThreadCpuTimeId);

    /// <summary>Seconds of CPU all threads of this program have used.</summary>
    public static double OfAllThreads => Read(ClockProcessCpuTimeId);

    /// <summary>Seconds of CPU, user and system, that this program's children have used which have ended.</summary>
    public static unsafe double OfChildren
    {
        get
        {
            // struct rusage: two times of seconds and microseconds, then fourteen counters.
            long* usage = stackalloc long[18];
            return GetResourceUsage(UsageOfChildren, usage) == 0
                ? usage[0] + usage[2] + (usage[1] + usage[3]) * 1e-6
                : throw new PlatformNotSupportedException("getrusage(RUSAGE_CHILDREN) is needed: run on Linux.");
        }
    }

    private static double Read(int clock) => ClockGetTime(clock, out Timespec time) == 0
        ? time.Seconds + time.Nanoseconds * 1e-9
        : throw new PlatformNotSupportedException("clock_gettime with the clocks of CPU time is needed: run on Linux.");

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Timespec time);

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static unsafe partial int GetResourceUsage(int who, long* usage);
}
