namespace Sim.Host.Parity;

/// <summary>
/// The process that the recorder of the goldens makes for a program: a copy of the recorder that sets limits and user and then
/// executes it. Its page faults up to there stay in the task's count, which execve does not reset. They follow from the
/// recorder's binary (<c>vmaseq.c</c> of the recordings, Debian 12's gcc 12.2 with <c>-O1 -static</c>): code and constants have no
/// <c>anon_vma</c>, so fork copies no page tables for them and each 64 KiB window read is one fault (fault-around); each page of
/// data, heap or stack written is one copy. Constants read by execve itself, to copy the strings, are among them.
/// </summary>
/// <param name="CodeWindows">64 KiB windows of the recorder's code executed between fork and execve.</param>
/// <param name="WrittenPages">Pages written: TLS and thread block, allocator and stdio locks, the stack.</param>
/// <param name="Constants">Addresses of the strings that lie in the recorder's constants.</param>
internal sealed record ExecRecorder(int CodeWindows, int WrittenPages, ExecRecorder.StringConstants Constants)
{
    private const int WindowShift = 16, SomeArguments = 1;

    /// <summary>Where the strings lie that the recorder passes on from its constants.</summary>
    /// <param name="Home">HOME=/</param>
    /// <param name="Term">TERM=linux</param>
    /// <param name="One">The first further argument of case 1.</param>
    /// <param name="Second">The second; a longer one 18 bytes before it is the other recordings'.</param>
    /// <param name="Empty">The third.</param>
    internal readonly record struct StringConstants(ulong Home, ulong Term, ulong One, ulong Second, ulong Empty);

    /// <summary>The recorder for x86-64: code at 0x402000 and 0x448000–0x44cfff, writes to relro, locks, thread block, stack.</summary>
    public static ExecRecorder X86_64 { get; } = new(2, 4, new(0x49e3c3, 0x49e47f, 0x49e48a, 0x49e478, 0x4b98fd));

    /// <summary>The recorder for i386: code at 0x8049000, 0x8050000 and 0x8083000–0x808bfff, one more page of locks.</summary>
    public static ExecRecorder I386 { get; } = new(3, 5, new(0x80de3c8, 0x80de483, 0x80de48e, 0x80de47c, 0x80f9ab5));

    /// <summary>Minor faults of the copy until the old program is gone.</summary>
    /// <param name="layoutCase">The recording's case: 1 has three more arguments, 5 no environment; the rest are on the stack or written.</param>
    /// <param name="hasEnvironment">The program gets one.</param>
    public int MinorFaults(int layoutCase, bool hasEnvironment)
    {
        var windows = new HashSet<ulong>();
        if (hasEnvironment)
        {
            windows.Add(Constants.Home >> WindowShift);
            windows.Add(Constants.Term >> WindowShift);
        }
        if (layoutCase == SomeArguments)
        {
            windows.Add(Constants.One >> WindowShift);
            windows.Add(Constants.Second >> WindowShift);
            windows.Add(Constants.Empty >> WindowShift);
        }
        return CodeWindows + WrittenPages + windows.Count;
    }
}
