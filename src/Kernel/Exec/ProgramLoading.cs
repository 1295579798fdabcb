using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Kernel.Buddy;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Exec;

/// <summary>One program being laid out in an empty address space (<c>load_elf_binary</c>, fs/binfmt_elf.c).</summary>
internal sealed partial class ProgramLoading(
    AddressSpaces spaces, MappingCalls mapping, PageFaultHandler faults, PageAllocator allocator, Journal journal, ProgramAbi abi,
    long stackLimitBytes, int pid, Cpu cpu, long cause)
{
    private readonly ulong _taskSize = spaces.Layout.TaskSizeOf(spaces[pid]);
    // Sums of addresses are the kernel's words, whatever the program's.
    private readonly ulong _mask = spaces.Layout.Word(ulong.MaxValue);

    /// <summary>Does it all, in the kernel's order.</summary>
    public Errno Load(ProgramFile program, ProgramFile? interpreter, ProgramArguments arguments, out ProgramStart? start)
    {
        start = null;
        if (arguments.ArgumentBytes.Count == 0)
        {
            // A program without arguments gets an empty one.
            arguments = arguments with { ArgumentBytes = [0] };
        }
        // Old i386 programs know no difference between reading and executing (elf_read_implies_exec); what they execute later, neither.
        if (abi.Class == ElfClass.Elf32 && program.Image.WantsExecutableStack is null)
        {
            mapping.SetReadImpliesExec(pid, cause);
        }
        Errno error = SetUpStack(program.Image, arguments, out ulong strings);
        if (error != Errno.None)
        {
            return error;
        }
        error = MapProgram(program, out LoadedImage image);
        if (error != Errno.None)
        {
            return error;
        }
        ulong entry = image.Entry, interpreterBase = 0;
        if (interpreter is not null)
        {
            error = MapInterpreter(interpreter, image.Bias, out interpreterBase);
            if (error != Errno.None)
            {
                return error;
            }
            entry = (interpreterBase + interpreter.Image.Entry) & _mask;
        }
        if (entry >= _taskSize)
        {
            return Errno.EINVAL;
        }
        error = MapVdso(out ulong vdso);
        if (error != Errno.None)
        {
            return error;
        }
        AuxiliaryEntry[] auxiliary = AuxiliaryVectorOf(program.Image, in image, interpreterBase, vdso, arguments.Credentials);
        error = WriteStack(arguments, strings, auxiliary, entry, out start);
        if (error != Errno.None)
        {
            return error;
        }
        // A loader run by itself must not have its heap run into the stack from the mappings below it.
        bool isLoader = program.Image.Type == ElfType.Dynamic && interpreter is null;
        ulong brk = AddressSpaces.PageAlign(isLoader ? abi.DynamicBase : image.Brk);
        mapping.SetLayout(pid, brk, start!.StackPointer, cause);
        LogLayout(in image, arguments, strings, auxiliary);
        return Errno.None;
    }

    private void LogLayout(in LoadedImage image, ProgramArguments arguments, ulong strings, AuxiliaryEntry[] auxiliary)
    {
        ulong environment = strings + (ulong)arguments.ArgumentBytes.Sum(b => b + 1L);
        ulong end = environment + (ulong)arguments.EnvironmentBytes.Sum(b => b + 1L);
        var layout = new ExecLayout(
            pid, (long)image.StartCode, (long)image.EndCode, (long)image.StartData, (long)image.EndData, (long)strings, (long)environment, (long)end);
        EventHeader header = journal.Emit(in layout, cause);
        spaces.Apply(in layout, in header);
        foreach (AuxiliaryEntry pair in auxiliary)
        {
            var e = new ExecAuxv(pid, pair.Type, (long)pair.Value);
            EventHeader at = journal.Emit(in e, header.Sequence);
            spaces.Apply(in e, in at);
        }
    }

    /// <summary>The kernel's data and code for programs, in one place, the data first (<c>map_vdso</c>).</summary>
    private Errno MapVdso(out ulong vdso)
    {
        const VmFlags Data = VmFlags.Read | VmFlags.MayRead | VmFlags.Io | VmFlags.PfnMap | VmFlags.DontExpand | VmFlags.DontDump;
        const VmFlags Code = VmFlags.Read | VmFlags.Exec | VmFlags.MayAccess | VmFlags.DontExpand;
        vdso = 0;
        ulong place = mapping.FindPlace(pid, (ulong)(abi.VvarPages + abi.VdsoPages) << 12);
        if (place == Placement.None)
        {
            return Errno.ENOMEM;
        }
        vdso = place + ((ulong)abi.VvarPages << 12);
        Errno error = MapSpecial(vdso, abi.VdsoPages, Code, abi.VdsoName);
        return error == Errno.None ? MapSpecial(place, abi.VvarPages, Data, "[vvar]") : error;
    }

    /// <summary>The pages behind it are made with the first program and stay (<c>init_vdso_image</c>).</summary>
    private Errno MapSpecial(ulong start, int pages, VmFlags flags, string name)
    {
        int symbol = journal.Intern(name);
        for (int pgoff = 0; pgoff < pages; pgoff++)
        {
            if (spaces.Cache.Find(symbol, pgoff) >= 0)
            {
                continue;
            }
            long pfn = allocator.AllocPages(0, GfpFlags.Kernel | GfpFlags.Zero, KernelUser.PageCache, cpu, cause);
            if (pfn < 0)
            {
                return Errno.ENOMEM;
            }
            var added = new CacheAdd(symbol, pgoff, pfn);
            EventHeader header = journal.Emit(in added, cause);
            spaces.Apply(in added, in header);
        }
        return mapping.MapSpecial(pid, start, pages, flags, symbol, cause);
    }

    /// <summary>Gives the page of an address to the process for writing, if it has not got it.</summary>
    private Errno Touch(ulong address)
    {
        const ulong Writable = (ulong)(PteFlags.Present | PteFlags.Write);
        if ((spaces.Tables.ReadPte(spaces[pid].Root, address) & Writable) == Writable)
        {
            return Errno.None;
        }
        return faults.Handle(pid, address, PageFaultErrorCode.Write | PageFaultErrorCode.User, cpu, cause, out _) switch
        {
            FaultResult.Resolved => Errno.None,
            // A call does not sleep half-way here.
            FaultResult.OutOfMemory or FaultResult.Blocked => Errno.ENOMEM,
            _ => Errno.EFAULT,
        };
    }

    /// <summary>Writes zeroes, or anything else, into a range.</summary>
    private Errno TouchRange(ulong start, ulong end)
    {
        for (ulong at = start; at < end; at = (at & ~0xfffUL) + 4096)
        {
            Errno error = Touch(at);
            if (error != Errno.None)
            {
                return error;
            }
        }
        return Errno.None;
    }
}
