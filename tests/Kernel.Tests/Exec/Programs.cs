using Sim.Kernel.Exec;

namespace Sim.Kernel.Tests.Exec;

/// <summary>Programs made of nothing but headers.</summary>
internal sealed class Programs : IProgramFiles
{
    private readonly Dictionary<string, byte[]> _files = [];

    public byte[] this[string path]
    {
        set => _files[path] = value;
    }

    public ProgramFile? Open(string path) =>
        _files.TryGetValue(path, out byte[]? bytes) ? new ProgramFile(path, ElfReader.Read(new MemoryStream(bytes), path)) : null;

    /// <summary>A program with code, data that ends inside a page, and zeroed memory behind; and its interpreter.</summary>
    public static Programs Usual(ElfClass elfClass)
    {
        const ElfSegmentFlags Text = ElfSegmentFlags.Read | ElfSegmentFlags.Exec, Data = ElfSegmentFlags.Read | ElfSegmentFlags.Write;
        var stack = new ElfSegment(ElfSegmentType.GnuStack, Data, 0, 0, 0, 0, 16);
        ElfSegment[] segments = [ElfBytes.Load(0, 0, 0x2100, 0x2100, Text), ElfBytes.Load(0x2e00, 0x3e00, 0x300, 0x4000, Data), stack];
        ElfSegment[] fixedSegments = [.. segments.Select(s => s with { VirtualAddress = s.VirtualAddress + 0x80_0000 })];
        return new Programs
        {
            ["/static"] = ElfBytes.Of(elfClass, ElfType.Executable, 0x80_1000, null, fixedSegments),
            ["/pie"] = ElfBytes.Of(elfClass, ElfType.Dynamic, 0x1000, "/ld", segments),
            ["/ld"] = ElfBytes.Of(elfClass, ElfType.Dynamic, 0x800, null, segments),
            ["/orphan"] = ElfBytes.Of(elfClass, ElfType.Dynamic, 0x1000, "/none", segments),
            ["/wrongld"] = ElfBytes.Of(elfClass, ElfType.Dynamic, 0x1000, "/other", segments),
            ["/badld"] = ElfBytes.Of(elfClass, ElfType.Dynamic, 0x1000, "/text", segments),
            ["/other"] = ElfBytes.Of(elfClass == ElfClass.Elf64 ? ElfClass.Elf32 : ElfClass.Elf64, ElfType.Dynamic, 0, null, segments),
            ["/text"] = "hello"u8.ToArray(),
            ["/high"] = ElfBytes.Of(elfClass, ElfType.Executable, 0x1000, null, [segments[0] with { VirtualAddress = 0xc000_0000_0000 & (elfClass == ElfClass.Elf64 ? ulong.MaxValue : 0) | 0xc000_0000 }]),
        };
    }
}
