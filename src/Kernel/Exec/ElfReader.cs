using System.Buffers.Binary;
using System.Text;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Exec;

/// <summary>
/// Reads the headers of ELF files as the kernel does before it executes them (<c>load_elf_binary</c>, <c>load_elf_phdrs</c>,
/// fs/binfmt_elf.c): it looks at the ELF header, the program headers and the interpreter's path, at nothing else, and takes
/// no more memory than a page whatever the file says. Little-endian files for i386 and x86-64.
/// </summary>
public static class ElfReader
{
    // load_elf_phdrs: the program headers fill no more than a page.
    private const int MaxProgramHeaderBytes = 4_096, MaxPathBytes = 4_096;

    /// <summary>Reads the headers of a file.</summary>
    /// <param name="file">The file; it must be seekable.</param>
    /// <param name="name">Its name in messages.</param>
    /// <exception cref="ElfFormatException">It is no program: says what is wrong and where.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ElfImage Read(Stream file, string name)
    {
        Span<byte> header = stackalloc byte[64];
        int length = ReadAt(file, 0, header);
        header = header[..length];
        RequireMagic(header, name);
        var elfClass = (ElfClass)header[4];
        bool wide = elfClass == ElfClass.Elf64;
        if (length < (wide ? 64 : 52))
        {
            throw new ElfFormatException(name, length, $"the file ends inside its ELF header of {(wide ? 64 : 52)} bytes");
        }
        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(header[16..]);
        if (type is not ((ushort)ElfType.Executable) and not ((ushort)ElfType.Dynamic))
        {
            throw new ElfFormatException(name, 16, $"e_type is {type}; a program has 2 (EXEC) or 3 (DYN)");
        }
        var machine = (ElfMachine)BinaryPrimitives.ReadUInt16LittleEndian(header[18..]);
        if (wide ? machine != ElfMachine.X86_64 : machine is not ElfMachine.I386 and not ElfMachine.I486)
        {
            throw new ElfFormatException(name, 18, $"e_machine is {(ushort)machine}; ELF{(wide ? "64" : "32")} programs have {(wide ? "62 (x86-64)" : "3 (i386)")} here");
        }
        ulong entry = Word(header, wide, 24, 24), phOffset = Word(header, wide, 32, 28);
        int entrySizeAt = wide ? 54 : 42, countAt = entrySizeAt + 2;
        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(header[entrySizeAt..]), expected = wide ? 56 : 32;
        if (entrySize != expected)
        {
            throw new ElfFormatException(name, entrySizeAt, $"e_phentsize is {entrySize}; program headers have {expected} bytes");
        }
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header[countAt..]);
        if (count == 0 || count * entrySize > MaxProgramHeaderBytes)
        {
            throw new ElfFormatException(name, countAt, $"e_phnum is {count}; a program has 1 to {MaxProgramHeaderBytes / entrySize} program headers");
        }
        ElfSegment[] segments = ReadSegments(file, name, wide, phOffset, count);
        return new ElfImage(elfClass, (ElfType)type, machine, entry, phOffset, segments, ReadInterpreter(file, name, wide, phOffset, segments));
    }

    private static void RequireMagic(ReadOnlySpan<byte> header, string name)
    {
        ReadOnlySpan<byte> magic = [0x7f, (byte)'E', (byte)'L', (byte)'F'];
        if (header.Length >= 2 && header[0] == '#' && header[1] == '!')
        {
            throw new ElfFormatException(name, 0, "a script (#!); name its interpreter as the program and the script as its argument");
        }
        int same = header.CommonPrefixLength(magic);
        if (same < magic.Length)
        {
            throw new ElfFormatException(name, same, "no ELF file: it does not begin with 7f 45 4c 46");
        }
        if (header.Length < 6)
        {
            throw new ElfFormatException(name, header.Length, "the file ends inside its ELF header");
        }
        if (header[4] is not ((byte)ElfClass.Elf32) and not ((byte)ElfClass.Elf64))
        {
            throw new ElfFormatException(name, 4, $"EI_CLASS is {header[4]}; there are 1 (ELF32) and 2 (ELF64)");
        }
        if (header[5] != 1)
        {
            throw new ElfFormatException(name, 5, $"EI_DATA is {header[5]}; x86 programs have 1 (little-endian)");
        }
    }

    private static ElfSegment[] ReadSegments(Stream file, string name, bool wide, ulong offset, int count)
    {
        int size = wide ? 56 : 32;
        byte[] bytes = new byte[count * size];
        int got = offset > long.MaxValue ? 0 : ReadAt(file, (long)offset, bytes);
        if (got < bytes.Length)
        {
            throw new ElfFormatException(name, wide ? 32 : 28, $"e_phoff is 0x{offset:x}: the file ends before or inside its {count} program headers");
        }
        var segments = new ElfSegment[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> at = bytes.AsSpan(i * size, size);
            segments[i] = new ElfSegment(
                (ElfSegmentType)BinaryPrimitives.ReadUInt32LittleEndian(at),
                (ElfSegmentFlags)BinaryPrimitives.ReadUInt32LittleEndian(at[(wide ? 4 : 24)..]),
                Word(at, wide, 8, 4), Word(at, wide, 16, 8), Word(at, wide, 32, 16), Word(at, wide, 40, 20), Word(at, wide, 48, 28));
        }
        return segments;
    }

    /// <summary>The path is one or more bytes and a final NUL; the kernel takes the first such header.</summary>
    private static string? ReadInterpreter(Stream file, string name, bool wide, ulong phOffset, ElfSegment[] segments)
    {
        int index = Array.FindIndex(segments, s => s.Type == ElfSegmentType.Interpreter);
        if (index < 0)
        {
            return null;
        }
        ElfSegment segment = segments[index];
        long sizeAt = (long)phOffset + (index * (wide ? 56L : 32)) + (wide ? 32 : 16);
        if (segment.FileBytes is < 2 or > MaxPathBytes)
        {
            throw new ElfFormatException(name, sizeAt, $"PT_INTERP has {segment.FileBytes} bytes; a path has 2 to {MaxPathBytes} with its NUL");
        }
        byte[] path = new byte[segment.FileBytes];
        if (segment.Offset > long.MaxValue || ReadAt(file, (long)segment.Offset, path) < path.Length)
        {
            throw new ElfFormatException(name, (long)Math.Min(segment.Offset, long.MaxValue), "the file ends before or inside the interpreter's path", Errno.EIO);
        }
        if (path[^1] != 0)
        {
            throw new ElfFormatException(name, (long)segment.Offset + path.Length - 1, "the interpreter's path does not end with a NUL");
        }
        return Encoding.UTF8.GetString(path.AsSpan(0, Array.IndexOf(path, (byte)0)));
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, bool wide, int at64, int at32) =>
        wide ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[at64..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[at32..]);

    private static int ReadAt(Stream file, long offset, Span<byte> buffer)
    {
        if (offset > file.Length)
        {
            return 0;
        }
        file.Position = offset;
        return file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
    }
}
