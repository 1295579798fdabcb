using Sim.Hardware.Cpu;
using Sim.Hardware.Tlb;
using Sim.Kernel.Mm;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>Reclaim puts the flushes of TLBs off to the end of its batch, but never too late.</summary>
public sealed class BatchedFlushTests
{
    /// <summary>
    /// At every write of a page to the swap area no running CPU may still write to it unseen, and at every free of a frame none may
    /// still reach it: looked at in the TLBs themselves, event by event.
    /// </summary>
    [Theory]
    [InlineData(SwapDevice.Ssd)]
    [InlineData(SwapDevice.Zram)]
    public void PagesAreFlushedBeforeTheyAreWritten_AndFreedAfter(SwapDevice device)
    {
        var log = new MemoryLog();
        TestMachine machine = Pressure.Make(KernelProfile.X86_64, 2, device, swapBytes: 256L << 20, log);
        int pages = (int)(Pressure.Available(machine) / 2) + 500;
        for (int task = 0; task < 2; task++)
        {
            machine.Virtual.Tasks.Start($"task{task}", task, Pressure.Visitor(pages, visits: 500, seed: (ulong)task), -1);
        }
        machine.Run();
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
        Assert.True(written > 500 && freed > 500 && deferred > 500, $"{written} written, {freed} freed, {deferred} put off");
        // A dirty page has to be flushed for at once, so that hardly anything is put off for long.
        Assert.InRange(batches, 1, deferred);
    }

    /// <summary>Clean pages need no flush before the end of their batch of 32.</summary>
    [Fact]
    public void CleanPagesAreFlushedTogether()
    {
        var log = new MemoryLog();
        var machine = new TestMachine(cpus: 2, bytes: 96L << 20, reclaim: new ReclaimOptions { Enabled = true }, sink: log);
        int pages = (int)(Pressure.Available(machine) / 2) + 500;
        MemoryAccess[] reads = [.. Enumerable.Range(0, pages).Select(p => new MemoryAccess(Pressure.At + ((ulong)p << 12), 8, AccessKind.Load))];
        for (int task = 0; task < 2; task++)
        {
            int file = machine.Journal.Intern($"/data{task}"), done = 0;
            machine.Virtual.Tasks.Start($"reader{task}", task, new ScriptedProgram((t, step) =>
            {
                if (step == 0)
                {
                    t.Calls.Mmap(t, Pressure.At, (ulong)pages << 12, ProtFlags.Read, MapFlags.Private | MapFlags.Fixed, new MappedFile(file, true, false));
                }
                done += done < 2 * pages ? t.Run(reads.AsSpan(done % pages)) : 0;
                return done < 2 * pages ? ProgramStatus.Running : ProgramStatus.Exited;
            }), -1);
        }
        machine.Run();
        machine.AssertInvariants();
        machine.Journal.Complete();
        List<string> text = log.Text(machine.Catalogue);
        int deferred = text.Count(line => line.StartsWith("mm.tlb_defer", StringComparison.Ordinal));
        int batches = text.Count(line => line.StartsWith("mm.tlb_batch", StringComparison.Ordinal));
        Assert.True(deferred > 500 && batches * 4 < deferred, $"{deferred} put off to {batches} flushes");
    }

    private static long PfnOf(string line) => Convert.ToInt64(line.Split("pfn=0x")[1].Split(' ')[0], 16);

    /// <summary>A CPU that runs a process would use an entry of its TLB that leads to the frame, with such a flag.</summary>
    private static bool IsUsable(MachineState state, long pfn, TlbFlags flags)
    {
        TlbContexts contexts = state.Virtual.Tlb;
        for (int cpu = 0; cpu < contexts.Cpus; cpu++)
        {
            ReadOnlySpan<ulong> tags = state.Hardware.Tlb.Tags(cpu), data = state.Hardware.Tlb.Data(cpu);
            for (int slot = 0; slot < tags.Length && !contexts.IsLazy(cpu); slot++)
            {
                bool own = tags[slot] != TlbGeometry.Empty && (tags[slot] >> 52) is 0 or 1 && ((TlbFlags)data[slot] & TlbFlags.Global) == 0;
                if (own && (long)(data[slot] >> 12) == pfn && ((TlbFlags)data[slot] & flags) == flags)
                {
                    return true;
                }
            }
        }
        return false;
    }
}
