using System.Globalization;
using Sim.Engine.Events;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Vmalloc;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Vmalloc;

/// <summary>
/// <c>/proc/vmallocinfo</c> of real 6.1 kernels, after each of 101 requests and returns: which addresses areas get, where the arrays
/// lie that list their pages, what waits for a purge, how ranges that wait join, and when the purge comes. The simulated kernel
/// begins with the recorded areas and does the same; every line of every file is compared.
/// </summary>
public sealed class RecordedVmallocTests
{
    [Theory]
    [InlineData("vmallocinfo-686-pae", KernelProfile.I386Pae, 1536)]
    [InlineData("vmallocinfo-amd64", KernelProfile.X86_64, 512)]
    public void Areas_are_where_the_kernel_had_them(string file, KernelProfile profile, int mib)
    {
        List<Step> steps = Read(file);
        var machine = new TestMachine(profile, bytes: (long)mib << 20);
        VmallocState state = machine.Machine.State.Virtual.Vmalloc;
        var recorded = new SortedSet<string>(steps[0].Added, StringComparer.Ordinal);
        foreach (string line in steps[0].Added)
        {
            Occupy(machine, line);
        }
        int compared = 0, purges = 0;
        long caller = 0;
        var slots = new Dictionary<int, ulong>();
        foreach (Step step in steps.Skip(1).TakeWhile(s => s.Words[0] != "meminfo"))
        {
            recorded.ExceptWith(step.Removed);
            recorded.UnionWith(step.Added);
            long before = state.Purges;
            int slot = int.Parse(step.Words[1], CultureInfo.InvariantCulture);
            if (step.Words[0] == "free")
            {
                // Where only what was freed last still waits, the purging thread ran before the area's array was freed.
                machine.Machine.Vmalloc.Work!.Preempts = IsPurge(step) && step.Added.Exists(l => l.Contains("unpurged", StringComparison.Ordinal));
                machine.Machine.Vmalloc.Free(slots[slot], machine.Machine.Cpus[0], -1);
                slots.Remove(slot);
            }
            else
            {
                long pages = step.Added.Where(l => l.Contains(" pages=", StringComparison.Ordinal)).Max(Pages);
                string name = step.Added.First(l => Pages(l) == pages).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
                caller = machine.Journal.Intern(name);
                slots[slot] = machine.Machine.Vmalloc.Alloc(pages * Page.Size, GfpFlags.Kernel, (int)caller, machine.Machine.Cpus[0], -1);
            }
            // What is left to a kernel thread is done by the time the file is read.
            machine.Run(machine.Machine.Cpus[0].TimePs + 1_000_000);
            purges += (int)(state.Purges - before);
            string[] own = VmallocInfo.Render(state, machine.Journal.Symbols).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(recorded.Select(Comparable).Order(StringComparer.Ordinal), own.Select(Comparable).Order(StringComparer.Ordinal));
            compared += own.Length;
            Assert.Null(KernelHalfInvariants.Violation(machine.Machine.State.Virtual, machine.Machine.State.Memory.Pages.Frames));
        }
        Assert.True(compared > 1_500, $"{compared} lines");
        Assert.True(purges > 0, "The recording has a purge.");
        Step meminfo = steps[^1];
        Assert.Equal(
            meminfo.Added.Where(l => l.StartsWith("VmallocTotal", StringComparison.Ordinal)).Select(Kib),
            MemInfo.Rows(machine.Machine.State.Memory, vmalloc: state).Where(r => r.Key == "VmallocTotal").Select(r => r.Value));
    }

    /// <summary>Begins as the recorded kernel: a range of addresses with somebody's area, whose pages do not matter.</summary>
    private static void Occupy(TestMachine machine, string line)
    {
        (ulong start, ulong end) = Range(line);
        string caller = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        VmallocState state = machine.Machine.State.Virtual.Vmalloc;
        var cpu = machine.Machine.Cpus[0];
        long descriptor = machine.Machine.Slab.Kmalloc(64, GfpFlags.Kernel, cpu, -1);
        long range = machine.Machine.Slab.Kmalloc(64, GfpFlags.Kernel, cpu, -1), spare = machine.Machine.Slab.Kmalloc(64, GfpFlags.Kernel, cpu, -1);
        var e = new VmallocArea((long)(start >> 12), (long)((end - start) >> 12), (int)VmStructFlags.NoGuard, machine.Journal.Intern(caller), 0, descriptor, range, spare);
        EventHeader header = machine.Journal.Emit(in e, -1);
        state.Apply(in e, in header);
    }

    /// <summary>What a line says of addresses; of areas from before the start only that, as their pages are not the simulated kernel's.</summary>
    private static string Comparable(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool own = words[2].StartsWith("bpf_map_area_alloc", StringComparison.Ordinal) || words[2].StartsWith("array_map_alloc", StringComparison.Ordinal)
            || words[2] == "unpurged";
        return string.Join(' ', own ? words : words.Take(3));
    }

    private static bool IsPurge(Step step) => step.Removed.Exists(gone => gone.Contains("unpurged", StringComparison.Ordinal)
        && !step.Added.Exists(l => l.Contains("unpurged", StringComparison.Ordinal) && Range(l).Start <= Range(gone).Start && Range(l).End >= Range(gone).End));

    private static (ulong Start, ulong End) Range(string line)
    {
        string[] ends = line.Split(' ')[0].Split('-');
        return (ulong.Parse(ends[0][2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture), ulong.Parse(ends[1][2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    private static long Pages(string line) => line.Split(' ').Where(w => w.StartsWith("pages=", StringComparison.Ordinal))
        .Select(w => long.Parse(w[6..], CultureInfo.InvariantCulture)).FirstOrDefault();

    private static long Kib(string line) => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static List<Step> Read(string name)
    {
        using Stream stream = typeof(RecordedVmallocTests).Assembly.GetManifestResourceStream(name + ".txt")!;
        using var reader = new StreamReader(stream);
        var steps = new List<Step>();
        while (reader.ReadLine() is { } line)
        {
            switch (line[0])
            {
                case '=':
                    steps.Add(new Step(line[2..].Split(' '), [], []));
                    break;
                case '+':
                    steps[^1].Added.Add(line[2..]);
                    break;
                case '-':
                    steps[^1].Removed.Add(line[2..]);
                    break;
            }
        }
        return steps;
    }

    private sealed record Step(string[] Words, List<string> Added, List<string> Removed);
}
