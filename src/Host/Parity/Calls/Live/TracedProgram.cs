using System.Buffers.Binary;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>
/// The program that is traced: an x86-64 ELF file without libc that only waits, and holds three pieces of code for its tracer, a system
/// call, a byte read and a byte written, each followed by a breakpoint. It has four pages: text, two that are not mapped, data; and
/// two pages of zeroes behind the data.
/// </summary>
internal static class TracedProgram
{
    /// <summary>Where its text is.</summary>
    public const ulong Text = 0x400000;

    /// <summary>Where its data is.</summary>
    public const ulong Data = 0x10000000;

    /// <summary>The pieces of code.</summary>
    public const ulong Wait = Text + CodeOffset, Call = Wait + 16, Read = Wait + 32, Write = Wait + 48;

    /// <summary>Where a system call has come back to.</summary>
    public const ulong CallDone = Call + 3;

    private const int CodeOffset = 0x100, Pages = 4, DataPage = 3;

    /// <summary>The file.</summary>
    public static byte[] Build()
    {
        var file = new byte[Pages * 4096];
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(file);
        Put16(file, 16, 2);
        Put16(file, 18, 62);
        Put32(file, 20, 1);
        Put64(file, 24, Wait);
        Put64(file, 32, 64);
        Put16(file, 52, 64);
        Put16(file, 54, 56);
        Put16(file, 56, 3);
        Put16(file, 58, 64);
        Segment(file, 64, type: 1, flags: 5, 0, Text, 4096, 4096);
        Segment(file, 120, type: 1, flags: 6, DataPage * 4096, Data, 4096, 3 * 4096);
        // PT_GNU_STACK: the stack is not executable.
        Segment(file, 176, 0x6474e551, flags: 6, 0, 0, 0, 0);
        ReadOnlySpan<byte> wait = [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7], call = [0x0f, 0x05, 0xcc], read = [0x8a, 0x07, 0xcc], write = [0x40, 0x88, 0x37, 0xcc];
        wait.CopyTo(file.AsSpan(CodeOffset));
        call.CopyTo(file.AsSpan(CodeOffset + 16));
        read.CopyTo(file.AsSpan(CodeOffset + 32));
        write.CopyTo(file.AsSpan(CodeOffset + 48));
        file[DataPage * 4096] = 1;
        return file;
    }

    private static void Segment(byte[] file, int at, uint type, uint flags, ulong offset, ulong address, ulong inFile, ulong inMemory)
    {
        Put32(file, at, type);
        Put32(file, at + 4, flags);
        Put64(file, at + 8, offset);
        Put64(file, at + 16, address);
        Put64(file, at + 24, address);
        Put64(file, at + 32, inFile);
        Put64(file, at + 40, inMemory);
        Put64(file, at + 48, 4096);
    }

    private static void Put16(byte[] file, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);

    private static void Put32(byte[] file, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);

    private static void Put64(byte[] file, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);
}
