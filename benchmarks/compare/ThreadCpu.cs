using System.Runtime.InteropServices;

namespace Sim.Compare;

/// <summary>CPU time of the calling thread, so that a figure does not depend on what else the machine runs.</summary>
internal static partial class ThreadCpu
{
    private const int ClockThreadCpuTimeId = 3;

    /// <summary>Seconds of CPU the calling thread has used.</summary>
    public static double Seconds
    {
        get
        {
            if (ClockGetTime(ClockThreadCpuTimeId, out Timespec time) != 0)
            {
                throw new PlatformNotSupportedException("clock_gettime(CLOCK_THREAD_CPUTIME_ID) is needed: run on Linux.");
            }
            return time.Seconds + time.Nanoseconds * 1e-9;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Timespec time);
}
