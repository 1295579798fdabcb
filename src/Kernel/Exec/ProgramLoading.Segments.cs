using Sim.Kernel.Mm;

namespace Sim.Kernel.Exec;

/// <content>Mapping of segments (<c>elf_map</c>, <c>elf_load</c>, <c>load_elf_interp</c>).</content>
internal sealed partial class ProgramLoading
{
    /// <summary>Where a program's image came to lie.</summary>
    private readonly record struct LoadedImage(
        ulong Bias, ulong Entry, ulong ProgramHeaders, ulong StartCode, ulong EndCode, ulong StartData, ulong EndData, ulong Brk);

    private Errno MapProgram(ProgramFile program, out LoadedImage loaded)
    {
        ElfImage image = program.Image;
        int symbol = ReadHeaders(program);
        ulong bias = 0, headers = 0, startCode = ulong.MaxValue, endCode = 0, startData = 0, endData = 0, brk = 0;
        bool first = true;
        loaded = default;
        foreach (ElfSegment segment in image.Segments)
        {
            if (segment.Type != ElfSegmentType.Load)
            {
                continue;
            }
            ulong start = segment.VirtualAddress, total = 0;
            MapFlags type = MapFlags.Private;
            if (!first)
            {
                type |= MapFlags.Fixed;
            }
            else if (image.Type == ElfType.Executable)
            {
                type |= MapFlags.FixedNoReplace;
            }
            else
            {
                total = image.TotalMappingBytes;
                if (total == 0)
                {
                    return Errno.EINVAL;
                }
                Errno placed = PlaceDynamic(image, symbol, in segment, total, ref type, out ulong place);
                if (placed != Errno.None)
                {
                    return placed;
                }
                bias = PageStart(place - start) & _mask;
            }
            Errno error = LoadSegment(symbol, in segment, (bias + start) & _mask, type, total, out ulong at);
            if (error != Errno.None)
            {
                return error;
            }
            if (first && image.Type == ElfType.Dynamic)
            {
                bias = (bias + at - PageStart((bias + start) & _mask)) & _mask;
            }
            first = false;
            if (segment.Offset <= image.ProgramHeaderOffset && image.ProgramHeaderOffset - segment.Offset < segment.FileBytes)
            {
                headers = image.ProgramHeaderOffset - segment.Offset + start;
            }
            if (!Fits(in segment, start))
            {
                return Errno.EINVAL;
            }
            if ((segment.Flags & ElfSegmentFlags.Exec) != 0)
            {
                startCode = Math.Min(startCode, start);
                endCode = Math.Max(endCode, start + segment.FileBytes);
            }
            startData = Math.Max(startData, start);
            endData = Math.Max(endData, start + segment.FileBytes);
            brk = Math.Max(brk, start + segment.MemoryBytes);
        }
        ulong Biased(ulong address) => (address + bias) & _mask;
        loaded = new LoadedImage(
            bias, Biased(image.Entry), Biased(headers), Biased(startCode), Biased(endCode), Biased(startData), Biased(endData), Biased(brk));
        return Errno.None;
    }

    /// <summary>
    /// Programs with an interpreter go to their own place; those without, mostly interpreters, where mappings go. One that asks
    /// for more than a page's alignment there is mapped once to see where that would be.
    /// </summary>
    private Errno PlaceDynamic(ElfImage image, int symbol, in ElfSegment segment, ulong total, ref MapFlags type, out ulong place)
    {
        ulong alignment = image.MaximumAlignmentBytes;
        place = 0;
        if (image.Interpreter is not null)
        {
            place = alignment == 0 ? abi.DynamicBase : abi.DynamicBase & ~(alignment - 1);
            type |= MapFlags.FixedNoReplace;
        }
        else if (alignment > 4096)
        {
            Errno error = LoadSegment(symbol, in segment, 0, type, total, out place);
            if (error != Errno.None)
            {
                return error;
            }
            mapping.Munmap(pid, place, total, cpu, cause);
            place &= ~(alignment - 1);
            type |= MapFlags.FixedNoReplace;
        }
        return Errno.None;
    }

    /// <summary>
    /// Unlike a program's, an interpreter's zeroes are made once for all segments: behind the end of what the file gives, up to the
    /// end of the highest, and its last file page must be writable if the file's bytes do not fill it.
    /// </summary>
    private Errno MapInterpreter(ProgramFile interpreter, ulong programBias, out ulong load)
    {
        ElfImage image = interpreter.Image;
        int symbol = ReadHeaders(interpreter);
        ulong total = image.TotalMappingBytes, fileEnd = 0, memoryEnd = 0;
        bool isSet = false, isExecutable = false;
        load = 0;
        if (total == 0)
        {
            return Errno.EINVAL;
        }
        foreach (ElfSegment segment in image.Segments)
        {
            if (segment.Type != ElfSegmentType.Load)
            {
                continue;
            }
            ulong start = segment.VirtualAddress;
            MapFlags type = MapFlags.Private;
            if (image.Type == ElfType.Executable || isSet)
            {
                type |= MapFlags.Fixed;
            }
            else if (programBias != 0)
            {
                load = (0 - start) & _mask;
            }
            ulong at = PageStart((load + start) & _mask);
            Errno error = MapFileBytes(symbol, in segment, ProtectionOf(segment.Flags), type, total, ref at);
            if (error != Errno.None)
            {
                return error;
            }
            total = 0;
            if (!isSet && image.Type == ElfType.Dynamic)
            {
                load = (at - PageStart(start)) & _mask;
                isSet = true;
            }
            ulong lies = (load + start) & _mask;
            if (!Fits(in segment, lies))
            {
                return Errno.ENOMEM;
            }
            fileEnd = Math.Max(fileEnd, lies + segment.FileBytes);
            if (lies + segment.MemoryBytes > memoryEnd)
            {
                memoryEnd = lies + segment.MemoryBytes;
                isExecutable = (segment.Flags & ElfSegmentFlags.Exec) != 0;
            }
        }
        if ((fileEnd & 0xfff) != 0 && Touch(fileEnd) != Errno.None)
        {
            return Errno.EFAULT;
        }
        return mapping.MapBss(pid, AddressSpaces.PageAlign(fileEnd), AddressSpaces.PageAlign(memoryEnd), isExecutable, cpu, cause);
    }

    /// <summary>Maps a segment's file bytes and the zeroes behind them.</summary>
    /// <param name="symbol">The file.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="address">Where it is wanted.</param>
    /// <param name="type">How hard.</param>
    /// <param name="total">For the first segment: room to find for the whole image; 0 for the others.</param>
    /// <param name="at">The page where it is.</param>
    private Errno LoadSegment(int symbol, in ElfSegment segment, ulong address, MapFlags type, ulong total, out ulong at)
    {
        ProtFlags prot = ProtectionOf(segment.Flags);
        ulong pageOffset = segment.VirtualAddress & 0xfff;
        at = PageStart(address);
        if (segment.FileBytes != 0)
        {
            Errno error = MapFileBytes(symbol, in segment, prot, type, total, ref at);
            if (error != Errno.None || segment.MemoryBytes <= segment.FileBytes)
            {
                return error;
            }
            // The rest of the last page is not to show the file; one that cannot be written stays as it is.
            ulong zeroes = at + pageOffset + segment.FileBytes;
            if ((zeroes & 0xfff) != 0)
            {
                _ = Touch(zeroes);
            }
        }
        if (segment.MemoryBytes <= segment.FileBytes)
        {
            return Errno.None;
        }
        ulong from = segment.FileBytes != 0 ? AddressSpaces.PageAlign(at + pageOffset + segment.FileBytes) : at;
        ulong to = AddressSpaces.PageAlign(at + pageOffset + segment.MemoryBytes);
        return mapping.MapBss(pid, from, to, (prot & ProtFlags.Exec) != 0, cpu, cause);
    }

    private Errno MapFileBytes(int symbol, in ElfSegment segment, ProtFlags prot, MapFlags type, ulong total, ref ulong at)
    {
        ulong pageOffset = segment.VirtualAddress & 0xfff;
        ulong size = AddressSpaces.PageAlign(segment.FileBytes + pageOffset), offset = segment.Offset - pageOffset;
        if (size == 0)
        {
            return Errno.None;
        }
        ulong length = total == 0 ? size : AddressSpaces.PageAlign(total);
        long result = mapping.Mmap(pid, at, length, prot, type, new MappedFile(symbol), offset, cpu, cause);
        if (result < 0)
        {
            return (Errno)(-result);
        }
        at = (ulong)result;
        if (length > size)
        {
            mapping.Munmap(pid, at + size, length - size, cpu, cause);
        }
        return Errno.None;
    }

    /// <summary>The kernel reads the headers through the page cache.</summary>
    private int ReadHeaders(ProgramFile file)
    {
        int symbol = journal.Intern(file.Name);
        faults.ReadPage(symbol, 0, cpu, cause);
        faults.ReadPage(symbol, (long)(file.Image.ProgramHeaderOffset >> 12), cpu, cause);
        return symbol;
    }

    private bool Fits(in ElfSegment segment, ulong address) =>
        address < _taskSize && segment.FileBytes <= segment.MemoryBytes && segment.MemoryBytes <= _taskSize
        && _taskSize - segment.MemoryBytes >= address;

    private static ProtFlags ProtectionOf(ElfSegmentFlags flags) =>
        ((flags & ElfSegmentFlags.Read) != 0 ? ProtFlags.Read : 0)
        | ((flags & ElfSegmentFlags.Write) != 0 ? ProtFlags.Write : 0)
        | ((flags & ElfSegmentFlags.Exec) != 0 ? ProtFlags.Exec : 0);

    private static ulong PageStart(ulong address) => address & ~0xfffUL;
}
