using System.Text;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Exec;

/// <summary>
/// What a program is executed with. Of the strings only the lengths matter to the machine, whose user memory has no contents.
/// </summary>
/// <param name="FileNameBytes">Length of the path given to execve, without its NUL.</param>
/// <param name="ArgumentBytes">Lengths of the arguments, the program's own name first, without their NULs.</param>
/// <param name="EnvironmentBytes">Lengths of the environment's strings.</param>
public sealed record ProgramArguments(int FileNameBytes, IReadOnlyList<int> ArgumentBytes, IReadOnlyList<int> EnvironmentBytes)
{
    private const long ArgMaxBytes = 131_072, MostStackBytes = 6L << 20;

    /// <summary>Most bytes of one string with its NUL (<c>MAX_ARG_STRLEN</c>): 32 pages.</summary>
    public const int MaxStringBytes = 32 * 4096;

    /// <summary>Who executes it (AT_UID and the like).</summary>
    public Credentials Credentials { get; init; } = new();

    /// <summary>The lengths of strings, as UTF-8 has them.</summary>
    public static ProgramArguments Of(string fileName, IEnumerable<string> arguments, IEnumerable<string> environment) => new(
        Encoding.UTF8.GetByteCount(fileName), [.. arguments.Select(Encoding.UTF8.GetByteCount)], [.. environment.Select(Encoding.UTF8.GetByteCount)]);

    /// <summary>Bytes of all strings with their NULs.</summary>
    public long StringBytes => FileNameBytes + 1L + ArgumentBytes.Sum(b => b + 1L) + EnvironmentBytes.Sum(b => b + 1L);

    /// <summary>
    /// E2BIG when a string is too long, or all together more than a quarter of the stack's limit, at least 128 KiB and at most
    /// 6 MiB, pointers included (<c>bprm_stack_limits</c>, fs/exec.c).
    /// </summary>
    /// <param name="stackLimitBytes">RLIMIT_STACK; -1 for none.</param>
    /// <param name="wordBytes">Bytes of a pointer.</param>
    internal Errno Check(long stackLimitBytes, int wordBytes)
    {
        if (ArgumentBytes.Concat(EnvironmentBytes).Any(b => b + 1L > MaxStringBytes))
        {
            return Errno.E2BIG;
        }
        long quarter = stackLimitBytes < 0 ? MostStackBytes : Math.Min(MostStackBytes, stackLimitBytes / 4);
        long limit = Math.Max(quarter, ArgMaxBytes), pointers = (Math.Max(ArgumentBytes.Count, 1L) + EnvironmentBytes.Count) * wordBytes;
        // A stack shorter than the strings cannot take them either.
        bool stackTooShort = stackLimitBytes >= 0 && ((StringBytes + wordBytes + 0xfff) & ~0xfffL) > stackLimitBytes;
        return StringBytes + pointers > limit || stackTooShort ? Errno.E2BIG : Errno.None;
    }
}

/// <summary>Whose program it is: real and effective user and group.</summary>
public readonly record struct Credentials(int Uid, int EffectiveUid, int Gid, int EffectiveGid)
{
    /// <summary>All four the same.</summary>
    public static Credentials Same(int id) => new(id, id, id, id);
}
