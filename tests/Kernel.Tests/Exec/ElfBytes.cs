using System.Buffers.Binary;
using System.Text;
using Sim.Kernel.Exec;

namespace Sim.Kernel.Tests.Exec;

/// <summary>Writes the headers of an ELF file, and an interpreter's path behind them.</summary>
internal static class ElfBytes
{
    public static byte[] Of(ElfClass elfClass, ElfType type, ulong entry, string? interpreter, params ElfSegment[] segments)
    {
        bool wide = elfClass == ElfClass.Elf64;
        int headerBytes = wide ? 64 : 52, size = wide ? 56 : 32;
        var all = new List<ElfSegment>(segments);
        byte[] path = interpreter is null ? [] : [.. Encoding.UTF8.GetBytes(interpreter), 0];
        int pathAt = headerBytes + (segments.Length + 1) * size;
        if (interpreter is not null)
        {
            all.Insert(0, new ElfSegment(ElfSegmentType.Interpreter, ElfSegmentFlags.Read, (ulong)pathAt, (ulong)pathAt, (ulong)path.Length, (ulong)path.Length, 1));
        }
        byte[] bytes = new byte[pathAt + path.Length];
        path.CopyTo(bytes, pathAt);
        byte[] magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', (byte)elfClass, 1, 1];
        magic.CopyTo(bytes, 0);
        U16(16, (ushort)type);
        U16(18, (ushort)(wide ? ElfMachine.X86_64 : ElfMachine.I386));
        Word(24, 24, entry);
        Word(32, 28, (ulong)headerBytes);
        U16(wide ? 54 : 42, (ushort)size);
        U16(wide ? 56 : 44, (ushort)all.Count);
        for (int i = 0; i < all.Count; i++)
        {
            int at = headerBytes + i * size;
            ElfSegment s = all[i];
            U32(at, (uint)s.Type);
            U32(at + (wide ? 4 : 24), (uint)s.Flags);
            Word(at + 8, at + 4, s.Offset);
            Word(at + 16, at + 8, s.VirtualAddress);
            Word(at + 32, at + 16, s.FileBytes);
            Word(at + 40, at + 20, s.MemoryBytes);
            Word(at + 48, at + 28, s.AlignBytes);
        }
        return bytes;

        void U16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), value);
        void U32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
        void Word(int at64, int at32, ulong value)
        {
            if (wide)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at64), value);
            }
            else
            {
                U32(at32, (uint)value);
            }
        }
    }

    public static ElfImage Read(byte[] bytes) => ElfReader.Read(new MemoryStream(bytes), "file");

    public static ElfSegment Load(ulong offset, ulong address, ulong fileBytes, ulong memoryBytes, ElfSegmentFlags flags, ulong align = 0x1000) =>
        new(ElfSegmentType.Load, flags, offset, address, fileBytes, memoryBytes, align);
}
