using FsCheck;
using FsCheck.Fluent;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;

namespace Sim.Kernel.Tests.Exec;

public class ElfReaderTests
{
    private const ElfSegmentFlags Text = ElfSegmentFlags.Read | ElfSegmentFlags.Exec, Data = ElfSegmentFlags.Read | ElfSegmentFlags.Write;

    private static byte[] Valid(ElfClass elfClass) => ElfBytes.Of(
        elfClass, ElfType.Dynamic, 0x1040, "/lib/ld.so", ElfBytes.Load(0, 0, 0x600, 0x600, Text), ElfBytes.Load(0xe00, 0x1e00, 0x200, 0x5000, Data));

    [Theory]
    [InlineData(ElfClass.Elf32)]
    [InlineData(ElfClass.Elf64)]
    public void WhatIsWrittenIsRead(ElfClass elfClass)
    {
        ElfImage image = ElfBytes.Read(Valid(elfClass));
        Assert.Equal((elfClass, ElfType.Dynamic, 0x1040UL, "/lib/ld.so"), (image.Class, image.Type, image.Entry, image.Interpreter));
        Assert.Equal(3, image.Segments.Count);
        Assert.Equal(ElfBytes.Load(0xe00, 0x1e00, 0x200, 0x5000, Data), image.Segments[2]);
        Assert.Equal(0x6e00UL, image.TotalMappingBytes);
        Assert.Equal(0x1000UL, image.MaximumAlignmentBytes);
        Assert.Null(image.WantsExecutableStack);
    }

    [Theory]
    [InlineData(0, 0x00, 0, "no ELF file")]
    [InlineData(3, 0x00, 3, "no ELF file")]
    [InlineData(4, 0x07, 4, "EI_CLASS is 7")]
    [InlineData(5, 0x02, 5, "EI_DATA is 2")]
    [InlineData(16, 0x01, 16, "e_type is 1")]
    [InlineData(18, 0xb7, 18, "e_machine is 183")]
    [InlineData(54, 0x20, 54, "e_phentsize is 32")]
    [InlineData(56, 0x00, 56, "e_phnum is 0")]
    [InlineData(56, 74, 56, "a program has 1 to 73 program headers")]
    [InlineData(33, 0x40, 32, "e_phoff is 0x4040")]
    [InlineData(64 + 32, 0x01, 64 + 32, "PT_INTERP has 1 bytes")]
    [InlineData(64 + 33, 0x20, 64 + 32, "PT_INTERP has 8203 bytes")]
    [InlineData(64 + 9, 0x70, 0x70e8, "the file ends before or inside the interpreter's path")]
    [InlineData(64 + 8, 0xe7, 0xf1, "does not end with a NUL")]
    public void OneWrongByteIsNamedWithItsPlace(int at, byte value, long offset, string problem)
    {
        byte[] bytes = Valid(ElfClass.Elf64);
        bytes[at] = value;
        var e = Assert.Throws<ElfFormatException>(() => ElfBytes.Read(bytes));
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.Equal(offset, e.OffsetBytes);
        Assert.StartsWith($"file: byte {offset}: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AScriptIsToldFromAProgram() =>
        Assert.Contains("script", Assert.Throws<ElfFormatException>(() => ElfBytes.Read("#!/bin/sh\n"u8.ToArray())).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(ElfClass.Elf32)]
    [InlineData(ElfClass.Elf64)]
    public void AFileCutAnywhereIsRefusedWithItsEnd(ElfClass elfClass)
    {
        byte[] bytes = Valid(elfClass);
        for (int length = 0; length < bytes.Length; length++)
        {
            var e = Assert.Throws<ElfFormatException>(() => ElfBytes.Read(bytes[..length]));
            Assert.True(e.OffsetBytes <= bytes.Length);
            Assert.NotEqual(Errno.None, e.Error);
        }
    }

    /// <summary>Whatever bytes a file has, it is an image or an error with a place; nothing else, and no great allocation.</summary>
    [Fact]
    public void AnyBytesAreAnImageOrAnError()
    {
        Gen<byte[]> damaged =
            from wide in Gen.Elements(ElfClass.Elf32, ElfClass.Elf64)
            from changes in Gen.ArrayOf(Gen.Zip(Gen.Choose(0, 240), Gen.Choose(0, 255)))
            select Change(Valid(wide), changes);
        Gen<byte[]> arbitrary = ArbMap.Default.GeneratorFor<byte[]>();
        Prop.ForAll(Gen.OneOf(damaged, arbitrary).ToArbitrary(), bytes =>
        {
            try
            {
                Assert.InRange(ElfBytes.Read(bytes).Segments.Count, 1, 2_048);
            }
            catch (ElfFormatException e)
            {
                Assert.True(e.OffsetBytes >= 0);
            }
        }).QuickCheckThrowOnFailure();
    }

    private static byte[] Change(byte[] bytes, (int At, int Value)[] changes)
    {
        foreach ((int at, int value) in changes)
        {
            bytes[at % bytes.Length] = (byte)value;
        }
        return bytes;
    }
}
