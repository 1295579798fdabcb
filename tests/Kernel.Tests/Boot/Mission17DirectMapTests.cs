using Sim.Hardware.Cpu;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Boot;

/// <summary>
/// Mission row 17, the direct map: linear = physical + PAGE_OFFSET for every frame of low memory, and for no other. The sizes are those
/// that real kernels print (dmesg, <c>LOWMEM available</c>); 896 MiB is the textbooks'. To see: <c>sim show RUN kernel-layout</c>.
/// </summary>
public sealed class Mission17DirectMapTests
{
    [Theory]
    [InlineData(KernelProfile.I386Classic, 896)]
    [InlineData(KernelProfile.I386, 875)]
    [InlineData(KernelProfile.I386Pae, 879)]
    public void Low_memory_is_at_its_address_plus_3_GiB(KernelProfile profile, long mebibytes)
    {
        var test = new TestMachine(profile, bytes: 1200L << 20);
        long end = test.Machine.State.Memory.Pages.Profile.DirectMapEndPfn;
        Assert.Equal(mebibytes, end >> 8);
        for (long pfn = 0; pfn < end; pfn++)
        {
            ulong address = 0xc000_0000 + ((ulong)pfn << 12);
            if (test.Spaces.KernelPfn(address) != pfn || test.Spaces.Kernel.VirtualOf(pfn) != address)
            {
                Assert.Fail($"pfn 0x{pfn:x} is not at 0x{address:x}");
            }
        }
        // The last large page may reach a little further; from the next on nothing is mapped.
        ulong behind = test.Spaces.Tables.SpanEnd(0xc000_0000 + ((ulong)(end - 1) << 12), 1);
        for (ulong address = behind; address < test.Spaces.Kernel.VmallocEnd; address += 4096)
        {
            Assert.Equal(-1, test.Spaces.KernelPfn(address));
        }
    }

    /// <summary>The CPU finds the same, through one translation for each large page.</summary>
    [Fact]
    public void A_cpu_reads_physical_memory_through_it()
    {
        var test = new TestMachine(KernelProfile.I386, bytes: 1200L << 20);
        Cpu cpu = test.Machine.Cpus[0];
        cpu.LoadRoot(test.Spaces.KernelRoot, 0, -1);
        long walks = cpu.Counters.Walks;
        for (ulong physical = 0; physical < 875UL << 20; physical += (4UL << 20) - 4096)
        {
            Assert.Equal(physical, cpu.Access(new MemoryAccess(0xc000_0000 + physical, 1, AccessKind.Load)).PhysicalAddress);
        }
        Assert.InRange(cpu.Counters.Walks - walks, 200, 219);
    }
}
