using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>Reclaim puts the flushes of TLBs off to the end of its batch, but never too late.</summary>
public sealed class BatchedFlushTests
{
    // Three batches of a CPU: all of them are on the lists.
    private const int Pages = 45;

    /// <summary>
    /// A CPU takes away pages that another one, which runs the same process, has just used. When they are written to the swap area
    /// no running CPU may still write to them unseen, and when their frames are freed none may still reach them: looked at in the
    /// TLBs themselves, event by event.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PagesAreFlushedBeforeTheyAreWritten_AndFreedAfter(bool file)
    {
        var log = new MemoryLog();
        var course = new TlbCourse(KernelProfile.X86_64, 2, pcid: true, seed: 1, SwapDevice.Zram, log);
        TestMachine machine = course.Machine;
        int pid = course.Shared(0, 1);
        if (file)
        {
            machine.Virtual.Faults.MaySleep = false;
            machine.Virtual.Mapping.Mmap(
                pid, TlbCourse.At, Pages << 12, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed,
                new MappedFile(machine.Journal.Intern("/data"), true, false), 0, course.Cpu(0), -1);
        }
        for (int round = 0; round < 3; round++)
        {
            course.TouchAll(1, Pages, store: !file);
            course.EnterKernel(0);
            machine.Virtual.Mapping.Madvise(pid, TlbCourse.At, Pages << 12, MemoryAdvice.PageOut, course.Cpu(0), -1);
            course.Cpu(0).ReturnToUser(-1);
            course.AssertTrue();
        }
        machine.AssertInvariants();
        machine.Journal.Complete();

        List<string> text = log.Text(machine.Catalogue);
        var state = new MachineState(machine.Options);
        long written = 0, freed = 0, deferred = 0, batches = 0;
        log.Fold(machine.Catalogue, state.Appliers, after: sequence =>
        {
            string line = text[(int)sequence];
            deferred += line.StartsWith("mm.tlb_defer", StringComparison.Ordinal) ? 1 : 0;
            batches += line.StartsWith("mm.tlb_batch", StringComparison.Ordinal) ? 1 : 0;
            if (line.StartsWith("reclaim.pageout", StringComparison.Ordinal))
            {
                written++;
                Assert.False(IsUsable(state, PfnOf(line), TlbFlags.Dirty), line);
            }
            else if (line.StartsWith("page.free ", StringComparison.Ordinal))
            {
                freed++;
                Assert.False(IsUsable(state, PfnOf(line), 0), line);
            }
        });
        Assert.Equal((3 * Pages, file ? 0 : 3 * Pages), (deferred, written));
        Assert.True(freed >= 3 * Pages);
        // A dirty page has to be flushed for at once; clean ones are, all together, at the end of their table's range.
        Assert.Equal(file ? 3 : 3 * Pages, batches);
    }

    private static long PfnOf(string line) => Convert.ToInt64(line.Split("pfn=0x")[1].Split(' ')[0], 16);

    /// <summary>A CPU that runs a process would use an entry of its TLB that leads to the frame, with such flags.</summary>
    private static bool IsUsable(MachineState state, long pfn, TlbFlags flags)
    {
        TlbContexts contexts = state.Virtual.Tlb;
        for (int cpu = 0; cpu < contexts.Cpus; cpu++)
        {
            ReadOnlySpan<ulong> tags = state.Hardware.Tlb.Tags(cpu), data = state.Hardware.Tlb.Data(cpu);
            for (int slot = 0; slot < tags.Length && !contexts.IsLazy(cpu); slot++)
            {
                bool own = tags[slot] != TlbGeometry.Empty && (int)(tags[slot] >> 52) == contexts.LoadedSlot(cpu) + 1;
                if (own && (long)(data[slot] >> 12) == pfn && ((TlbFlags)data[slot] & flags) == flags)
                {
                    return true;
                }
            }
        }
        return false;
    }
}
