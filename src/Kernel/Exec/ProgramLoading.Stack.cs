using System.Text;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Exec;

/// <content>
/// The stack (<c>bprm_mm_init</c>, <c>copy_strings</c>, <c>setup_arg_pages</c>, <c>create_elf_tables</c>). From its end down:
/// an empty word, the program's path, environment, arguments; the platform's name, 16 random bytes, the auxiliary vector, the
/// pointers to environment and arguments, argc. It lies at the end of user space from the start, so
/// <c>shift_arg_pages</c> has nothing to do; the kernel moves that of a 32-bit program on x86-64 there.
/// </content>
internal sealed partial class ProgramLoading
{
    private const ulong ExtraStackBytes = 131_072, RandomBytes = 16;

    /// <summary>Makes the stack, copies the strings to its end, and enlarges it by 128 KiB.</summary>
    private Errno SetUpStack(ElfImage image, ProgramArguments arguments, out ulong strings)
    {
        ulong top = _taskSize - (ulong)abi.KernelWordBytes;
        strings = top - (ulong)arguments.StringBytes;
        long mapped = mapping.MapStack(pid, _taskSize - 4096, _taskSize, cpu, cause);
        if (mapped < 0)
        {
            return (Errno)(-mapped);
        }
        // From the end down: each page is a fault, and the stack grows to it.
        for (ulong page = PageStart(top - 1); page >= PageStart(strings); page -= 4096)
        {
            Errno error = Touch(page);
            if (error != Errno.None)
            {
                return error;
            }
        }
        ulong start = PageStart(strings), length = _taskSize - start;
        if (image.WantsExecutableStack ?? spaces[pid].ReadImpliesExec)
        {
            long changed = mapping.Mprotect(pid, start, length, ProtFlags.Read | ProtFlags.Write | ProtFlags.Exec, cpu, cause);
            if (changed < 0)
            {
                return (Errno)(-changed);
            }
        }
        ulong limit = stackLimitBytes < 0 ? ulong.MaxValue : (ulong)stackLimitBytes & ~0xfffUL;
        ulong wanted = Math.Min(limit, length + ExtraStackBytes);
        return wanted <= length || faults.ExpandStack(pid, _taskSize - wanted, cause) ? Errno.None : Errno.EFAULT;
    }

    /// <summary>The entries in the kernel's order; addresses of strings on the stack follow from <see cref="WriteStack"/>.</summary>
    private AuxiliaryEntry[] AuxiliaryVectorOf(
        ElfImage image, in LoadedImage loaded, ulong interpreterBase, ulong vdso, Credentials credentials)
    {
        var vector = new List<AuxiliaryEntry>(24);
        void Add(AuxiliaryType type, ulong value) => vector.Add(new AuxiliaryEntry(type, value & image.AddressMask));
        if (abi.VsyscallOffsetBytes is { } vsyscall)
        {
            Add(AuxiliaryType.Sysinfo, vdso + (ulong)vsyscall);
        }
        Add(AuxiliaryType.SysinfoHeader, vdso);
        Add(AuxiliaryType.MinSignalStackBytes, abi.MinSignalStackBytes);
        Add(AuxiliaryType.Hwcap, abi.Hwcap);
        Add(AuxiliaryType.PageBytes, 4096);
        Add(AuxiliaryType.ClockTicks, abi.ClockTicksPerSecond);
        Add(AuxiliaryType.ProgramHeaders, loaded.ProgramHeaders);
        Add(AuxiliaryType.ProgramHeaderBytes, (ulong)image.ProgramHeaderBytes);
        Add(AuxiliaryType.ProgramHeaderCount, (ulong)image.Segments.Count);
        Add(AuxiliaryType.InterpreterBase, interpreterBase);
        Add(AuxiliaryType.Flags, 0);
        Add(AuxiliaryType.Entry, loaded.Entry);
        Add(AuxiliaryType.Uid, (ulong)credentials.Uid);
        Add(AuxiliaryType.EffectiveUid, (ulong)credentials.EffectiveUid);
        Add(AuxiliaryType.Gid, (ulong)credentials.Gid);
        Add(AuxiliaryType.EffectiveGid, (ulong)credentials.EffectiveGid);
        Add(AuxiliaryType.Secure, credentials.Uid != credentials.EffectiveUid || credentials.Gid != credentials.EffectiveGid ? 1UL : 0);
        Add(AuxiliaryType.Random, 0);
        Add(AuxiliaryType.Hwcap2, abi.Hwcap2);
        Add(AuxiliaryType.ExecFileName, 0);
        Add(AuxiliaryType.Platform, 0);
        Add(AuxiliaryType.Null, 0);
        return [.. vector];
    }

    /// <summary>Writes everything below the strings; tells the addresses.</summary>
    private Errno WriteStack(
        ProgramArguments arguments, ulong strings, AuxiliaryEntry[] auxiliary, ulong entry, out ProgramStart? start)
    {
        start = null;
        ulong word = (ulong)abi.WordBytes;
        IReadOnlyList<int> argumentBytes = arguments.ArgumentBytes;
        ulong platform = (strings & ~15UL) - (ulong)(Encoding.ASCII.GetByteCount(abi.Platform) + 1);
        ulong random = platform - RandomBytes;
        ulong pointers = (ulong)(argumentBytes.Count + 1 + arguments.EnvironmentBytes.Count + 1 + 1);
        ulong stack = (random - (ulong)auxiliary.Length * 2 * word - pointers * word) & ~15UL;
        for (int i = 0; i < auxiliary.Length; i++)
        {
            auxiliary[i] = auxiliary[i].Type switch
            {
                AuxiliaryType.Random => auxiliary[i] with { Value = random },
                AuxiliaryType.Platform => auxiliary[i] with { Value = platform },
                AuxiliaryType.ExecFileName => auxiliary[i] with { Value = _taskSize - (ulong)abi.KernelWordBytes - (ulong)arguments.FileNameBytes - 1 },
                _ => auxiliary[i],
            };
        }
        Errno error = TouchRange(random, strings);
        if (error == Errno.None)
        {
            error = TouchRange(stack, random);
        }
        if (error != Errno.None)
        {
            return error;
        }
        ulong[] argumentsAt = Addresses(argumentBytes, ref strings), environmentAt = Addresses(arguments.EnvironmentBytes, ref strings);
        start = new ProgramStart(entry, stack, argumentBytes.Count, argumentsAt, environmentAt, stack + pointers * word, auxiliary);
        return Errno.None;
    }

    private static ulong[] Addresses(IReadOnlyList<int> bytes, ref ulong at)
    {
        var addresses = new ulong[bytes.Count];
        for (int i = 0; i < addresses.Length; i++)
        {
            addresses[i] = at;
            at += (ulong)bytes[i] + 1;
        }
        return addresses;
    }
}
