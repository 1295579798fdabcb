using FsCheck;
using FsCheck.Fluent;
using Sim.Host.Parity;
using Sim.Host.Traces;
using Sim.Kernel.Exec;

namespace Sim.Host.Tests.Parity;

public class ReadelfListingTests
{
    private static readonly string _folder = Path.Combine(Repository.Root, "traces", "vma", "elf");

    [Fact]
    public void AListingIsReadWhole()
    {
        ElfImage image = ReadelfListing.Read(Path.Combine(_folder, "dyn-pie64.txt"));
        Assert.Equal((ElfClass.Elf64, ElfType.Dynamic, 0x1040UL, 64UL), (image.Class, image.Type, image.Entry, image.ProgramHeaderOffset));
        Assert.Equal("/lib64/ld-linux-x86-64.so.2", image.Interpreter);
        Assert.Equal(13, image.Segments.Count);
        Assert.Equal(new ElfSegment(ElfSegmentType.Load, ElfSegmentFlags.Read | ElfSegmentFlags.Write, 0x2e00, 0x3e00, 0x2160, 0x51c0, 0x1000), image.Segments[5]);
        Assert.False(image.WantsExecutableStack);
    }

    [Theory]
    [InlineData("  Class:                             ELF64", "  Class:                             ELF65", "line 3", "ELF65")]
    [InlineData("Type:                              DYN", "Type:                              REL", "line 8", "REL")]
    [InlineData("Machine:                           Advanced Micro Devices X86-64", "Machine:                           AArch64", "line 9", "AArch64")]
    [InlineData("Number of program headers:         13", "Number of program headers:         12", "line 17", "12 program headers announced and 13 listed")]
    [InlineData("Entry point address:               0x1040", "Entry point address:               0xzz", "line 11", "0xzz")]
    [InlineData("Machine: ", "Maschine: ", "", "no line 'Machine:'")]
    public void WhatIsWrongIsNamedWithItsLine(string old, string changed, string line, string problem)
    {
        string text = File.ReadAllText(Path.Combine(_folder, "dyn-pie64.txt")).Replace(old, changed, StringComparison.Ordinal);
        var e = Assert.Throws<TraceFormatException>(() => ReadelfListing.Parse(text.Split('\n'), "listing"));
        Assert.Contains(line, e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyDamageIsAnErrorOrAnImage()
    {
        string[] lines = File.ReadAllLines(Path.Combine(_folder, "static-pie32.txt"));
        Gen<(int Line, int At, char Value)[]> changes = Gen.ArrayOf(
            from line in Gen.Choose(0, lines.Length - 1)
            from at in Gen.Choose(0, 90)
            from value in ArbMap.Default.GeneratorFor<char>()
            select (line, at, value));
        Prop.ForAll(changes.ToArbitrary(), all =>
        {
            string[] damaged = [.. lines];
            foreach ((int line, int at, char value) in all)
            {
                string old = damaged[line];
                damaged[line] = at < old.Length ? string.Concat(old.AsSpan(0, at), value.ToString(), old.AsSpan(at + 1)) : old + value;
            }
            try
            {
                ReadelfListing.Parse(damaged, "listing");
            }
            catch (TraceFormatException)
            {
            }
        }).QuickCheckThrowOnFailure();
    }
}
