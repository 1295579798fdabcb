using Sim.Engine.Random;
using Sim.Kernel.Boot;

namespace Sim.Kernel.Tests.Boot;

/// <summary>Boot logs that are damaged, cut or made up: read, or refused with file and line.</summary>
public sealed class BootLogTests
{
    private static readonly string Good = BootRecording.LogText("amd64-256");

    [Theory]
    [InlineData("BIOS-e820: [mem 0x0000000000100000-0x000000000ffd6fff] usable", "BIOS-e820: [mem 0x000000000ffd6fff-0x0000000000100000] usable", "ends before it begins")]
    [InlineData("BIOS-e820: [mem 0x0000000000100000-0x000000000ffd6fff] usable", "BIOS-e820: [mem 0x0000000000000000-0x000000000ffd6fff] usable", "overlaps another usable entry")]
    [InlineData("BIOS-e820: [mem 0x0000000000100000-0x000000000ffd6fff] usable", "BIOS-e820: [mem 0x0000000000100000-0x000000000ffc6fff] usable", "memblock has other memory")]
    [InlineData("BIOS-e820: [mem 0x0000000000100000-", "BIOS-e820: [mem 0xzz-", "not an entry of the memory map")]
    [InlineData("memblock_reserve: [0x000000000f8a0000-0x000000000f99ffff]", "memblock_reserve: [0x000000000f8a0000-", "not a call of memblock")]
    [InlineData("memblock_reserve: [0x000000000f8a0000-0x000000000f99ffff]", "memblock_reserve: [0x000000000f8a0000-0x000000000f98ffff]", "bytes were asked for")]
    [InlineData("memblock_reserve: [0x000000000f8a0000-0x000000000f99ffff]", "memblock_reserve: [0x000000000f8a0000-0xf00000000f99ffff]", "out of range")]
    [InlineData("memblock_phys_free: [0x000000000ee3e000-", "memblock_lend: [0x000000000ee3e000-", "has no call memblock_lend")]
    [InlineData("memblock_phys_free: [0x000000000ee3e000-", "memblock_phys_free: [0x000000000ee3f000-", "lines are missing")]
    [InlineData("reserved[0x2]\t[0x000000000f4f5000", "reserved[0x2]\t[0x000000000f4f6000", "the arrays of memblock are not")]
    [InlineData("MEMBLOCK configuration", "MEMBLOCK", "memblock=debug")]
    [InlineData("Linux version 6.1.0-56-amd64", "Linux version 6.1.0-56-arm64", "is none of Debian's")]
    [InlineData("Linux version", "Version", "which kernel")]
    [InlineData("Memory: 191472K/261588K available", "Memory: some available", "count of its memory")]
    [InlineData("69860K reserved", "69864K reserved", "lines are missing")]
    [InlineData("Freeing initrd memory: 6336K", "Freeing initrd memory: 999936K", "nothing had kept them")]
    [InlineData("Freeing unused kernel image (initmem) memory: 2824K", "Freeing unused kernel image (initmem) memory: 282400K", "nothing had kept them")]
    [InlineData("Freeing unused decrypted memory", "Freeing sundry memory", "have a place")]
    [InlineData("smpboot: Allowing 1 CPUs", "smpboot: Allowing all CPUs", "the number of CPUs")]
    [InlineData("RAMDISK: [mem 0x0f9a0000-0x0ffcffff]", "RAMDISK: [mem 0x0f9a0000]", "place of the RAM disk")]
    public void DamagedLine_IsNamed(string part, string damaged, string message)
    {
        Assert.Contains(part, Good, StringComparison.Ordinal);
        var e = Assert.Throws<BootLogException>(() => Read(Good.Replace(part, damaged, StringComparison.Ordinal)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.StartsWith($"dmesg.txt:{e.Line}: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedLine_HasItsNumber()
    {
        string[] lines = Good.Split('\n');
        int at = Array.FindIndex(lines, l => l.Contains("memblock_reserve", StringComparison.Ordinal));
        lines[at] = lines[at][..55];
        Assert.Equal(at + 1, Assert.Throws<BootLogException>(() => Read(string.Join('\n', lines))).Line);
    }

    /// <summary>A log that ends anywhere either has all that hand-over needs or is refused; what is freed later may be missing.</summary>
    [Fact]
    public void CutLog_IsRefusedUntilTheHandOverIsWhole()
    {
        int end = Good.IndexOf("0K cma-reserved", StringComparison.Ordinal);
        for (int length = 0; length < Good.Length; length += 149)
        {
            string cut = Good[..length];
            if (length < end - 20)
            {
                Assert.Throws<BootLogException>(() => Read(cut));
            }
            else if (length > end && cut.EndsWith('\n'))
            {
                Assert.Equal(191728L << 10, Read(cut).Memblock.FreePages([]).Sum(r => r.Pages) << 12);
            }
        }
    }

    [Fact]
    public void StampsAndLevels_MayBeMissing_AndOtherLinesDoNotMatter()
    {
        string bare = System.Text.RegularExpressions.Regex.Replace(Good, @"(?m)^<\d+>\[ *[\d.]+\] ", "");
        string crowded = System.Text.RegularExpressions.Regex.Replace(Good, "(?m)^(?=.*memblock_)", "systemd[1]: memory: reserved\n");
        foreach (string text in new[] { bare, crowded })
        {
            Assert.Equal(Read(Good).Memblock.Free(), Read(text).Memblock.Free());
        }
    }

    /// <summary>Whatever is done to a log, it is read or refused as one; nothing else is thrown.</summary>
    [Fact]
    public void RandomDamage_IsReadOrRefused()
    {
        var random = new RandomStream(7, "bootlog");
        string[] logs = [Good, BootRecording.LogText("amd64-4608"), BootRecording.LogText("i686-1536")];
        const string characters = "0123456789abcdefxK[]-: \n\t<>memblock_reserve";
        int refused = 0;
        for (int i = 0; i < 600; i++)
        {
            var text = new System.Text.StringBuilder(logs[i % logs.Length]);
            for (int change = (int)random.NextBelow(4); change >= 0; change--)
            {
                int at = (int)random.NextBelow((ulong)text.Length - 400);
                switch (random.NextBelow(4))
                {
                    case 0:
                        text[at] = characters[(int)random.NextBelow((ulong)characters.Length)];
                        break;
                    case 1:
                        text.Remove(at, 1 + (int)random.NextBelow(300));
                        break;
                    case 2:
                        text.Insert(at, text.ToString(at, 1 + (int)random.NextBelow(300)));
                        break;
                    default:
                        text.Insert(at, characters[(int)random.NextBelow((ulong)characters.Length)]);
                        break;
                }
            }
            try
            {
                Read(text.ToString());
            }
            catch (BootLogException e)
            {
                Assert.InRange(e.Line, 1, 10_000);
                refused++;
            }
        }
        Assert.InRange(refused, 150, 599);
    }

    private static BootLog Read(string text) => BootLog.Read(new StringReader(text), "dmesg.txt");
}
