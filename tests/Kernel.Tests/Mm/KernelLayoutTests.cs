using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

/// <summary>Addresses of the kernel's half as measured from real kernels (/proc/kcore, /proc/vmallocinfo and dmesg of Debian's 6.1).</summary>
public sealed class KernelLayoutTests
{
    [Theory]
    [InlineData(KernelProfile.I386Pae, 879, 0xf77fe000, 0xfeffe000, 0xff000000, 512)]
    [InlineData(KernelProfile.I386, 875, 0xf73fe000, 0xfebfe000, 0xfec00000, 1024)]
    // 2.6 (include/asm-i386): high_memory is 0xf8000000, the area begins at the next multiple of 8 MiB but one.
    [InlineData(KernelProfile.I386Classic, 896, 0xf8800000, 0xff7fe000, 0xff800000, 1024)]
    public void The_32_bit_layout_is_the_measured_one(KernelProfile profile, long lowmemMib, ulong start, ulong end, ulong pkmap, int slots)
    {
        MachineState state = new TestMachine(profile, bytes: 1536L << 20).Machine.State;
        KernelLayout layout = state.Virtual.Spaces.Kernel;
        Assert.Equal((start, end, pkmap, slots), (layout.VmallocStart, layout.VmallocEnd, layout.PkmapBase, layout.PkmapSlots));
        Assert.Equal(lowmemMib, state.Memory.Pages.Profile.DirectMapEndPfn >> 8);
        Assert.Equal(0xfffff000UL, KernelLayout.FixmapAddress(0));
        string shown = KernelLayoutView.Render(state);
        Assert.Contains($"vmalloc : 0x{start:x8} - 0x{end:x8}", shown, StringComparison.Ordinal);
        Assert.Contains($"lowmem  : 0xc0000000 - 0x{0xc0000000 + (ulong)(state.Memory.Pages.Profile.DirectMapEndPfn << 12):x8}", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void The_64_bit_layout_is_the_measured_one()
    {
        KernelLayout layout = new(KernelProfile.X86_64, 0);
        Assert.Equal(
            (0xffff888000000000, 0xffffc90000000000, 0xffffe8ffffffffff, 0xffffea0000000000, 34_359_738_367UL),
            (layout.PageOffset, layout.VmallocStart, layout.VmallocEnd, layout.VmemmapBase, layout.VmallocBytes >> 10));
    }

    /// <summary>A machine with little memory has its vmalloc area lower, and larger.</summary>
    [Fact]
    public void The_area_begins_behind_the_memory_there_is()
    {
        KernelLayout layout = new TestMachine(KernelProfile.I386Pae, bytes: 256L << 20).Spaces.Kernel;
        Assert.InRange(layout.VmallocStart, 0xc000_0000UL + (255 << 20), 0xc000_0000UL + (264UL << 20));
    }
}
