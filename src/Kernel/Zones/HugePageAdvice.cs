using System.Runtime.InteropServices;

namespace Sim.Kernel.Zones;

/// <summary>
/// Asks the host for large pages behind a big table that is read at random: its accesses then miss the host's TLB far
/// less. Advice only: where it is not to be had, nothing changes but speed.
/// </summary>
internal static partial class HugePageAdvice
{
    private const nuint HugePageBytes = 2 << 20;
    private const int MadvHugePage = 14;

    /// <summary>Advises for the whole large pages between two addresses.</summary>
    public static unsafe void Give(void* start, nuint bytes)
    {
        nuint from = ((nuint)start + HugePageBytes - 1) & ~(HugePageBytes - 1);
        nuint to = ((nuint)start + bytes) & ~(HugePageBytes - 1);
        if (!OperatingSystem.IsLinux() || from >= to)
        {
            return;
        }
        try
        {
            _ = Advise(from, to - from, MadvHugePage);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library without the call: the table works all the same.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint address, nuint length, int advice);
}
