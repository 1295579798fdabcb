using Sim.Hardware.Paging;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;

namespace Sim.Kernel.Tests.Swap;

public class SwapFormatTests
{
    private static readonly PagingMode[] Modes = [PagingMode.I386TwoLevel, PagingMode.I386Pae, PagingMode.X86_64FourLevel];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0x12345)]
    [InlineData((1 << 23) - 1)]
    public void EveryFormatGivesTheSlotBack(int slot)
    {
        foreach (PagingMode mode in Modes)
        {
            foreach (bool exclusive in new[] { false, true })
            {
                ulong entry = SwapFormat.Entry(mode, slot, exclusive);
                Assert.True(SwapFormat.IsSlot(entry), mode.Name);
                Assert.False(SwapFormat.IsPage(entry), mode.Name);
                Assert.Equal(slot, SwapFormat.SlotOf(mode, entry));
                Assert.Equal(exclusive && mode.EntryBytes == 8, SwapFormat.IsExclusive(mode, entry));
                Assert.True(mode.EntryBytes == 8 || entry <= uint.MaxValue);
                Assert.Equal(0UL, entry & (ulong)(PteFlags.Present | PteFlags.Large | PageProtection.ProtNone));
            }
        }
    }

    /// <summary>Words that a running 6.1 kernel's macros give: <c>__swp_entry_to_pte(__swp_entry(0, 1))</c> on x86-64.</summary>
    [Fact]
    public void EightByteEntriesHaveTheSlotInverted()
    {
        // (~1 << 14) >> 5: all bits from 10 to 58, and none of the area's number above.
        Assert.Equal(0x07FF_FFFF_FFFF_FC00UL, SwapFormat.Entry(PagingMode.X86_64FourLevel, 1, exclusive: false));
        Assert.Equal(0x07FF_FFFF_FFFF_FC08UL, SwapFormat.Entry(PagingMode.X86_64FourLevel, 1, exclusive: true));
        Assert.Equal(0x200UL, SwapFormat.Entry(PagingMode.I386TwoLevel, 1, exclusive: true));
    }

    [Theory]
    [InlineData(0, PteFlags.Present)]
    [InlineData(0xFFFFFF, PteFlags.Present | PteFlags.Accessed)]
    [InlineData(0x123, PageProtection.ProtNone | PteFlags.Accessed)]
    public void EmptyEntriesAndPagesAreNoSlots(long pfn, PteFlags flags)
    {
        ulong page = PagingMode.X86_64FourLevel.MakeEntry(pfn, flags);
        Assert.True(SwapFormat.IsPage(page));
        Assert.False(SwapFormat.IsSlot(page));
        Assert.False(SwapFormat.IsSlot(0));
    }
}
